/**
 * Bytes of details, percent-encoded, that are sent at most: grpcio's clients refuse a call with over 8 KiB of trailers, and
 * Node's hear nothing at all of one with over 64.
 */
const MAX_DETAILS_BYTES = 7 * 1024;

/** A UTF-16 unit is up to 3 bytes of UTF-8, each of them 3 characters. */
const MAX_BYTES_PER_UNIT = 9;

/** Details that can travel, however long an error's message is: cut where they are too long, and marked by an ellipsis. */
export function fitDetails(details: string): string {
  if (details.length * MAX_BYTES_PER_UNIT <= MAX_DETAILS_BYTES || isShort(details)) return details;
  let cut = cutAt(details, MAX_DETAILS_BYTES);
  while (!isShort(cut)) cut = cutAt(details, Math.floor(cut.length * 0.8));
  return `${cut}…`;
}

/** Never between the halves of a character. */
function cutAt(text: string, length: number): string {
  return text.slice(0, length).replace(/[\ud800-\udbff]$/, '');
}

function isShort(details: string): boolean {
  return details.length <= MAX_DETAILS_BYTES && encodeURI(details).length <= MAX_DETAILS_BYTES;
}
