import { declaredCancelHooks, declaredMethods, declaredServicer } from './declaration.js';

/** A class that an application's container holds. */
export interface ContainedClass {
  readonly metatype: new (...args: never[]) => object;
  readonly role: 'controller' | 'provider';
  /** The name of the module that lists it. */
  readonly module: string;
  /** Whether the container makes an instance for each call. */
  readonly requestScoped: boolean;
}

/** Everything that is wrong with an application's servicers: one sentence each, empty when they can be served. */
export function declarationProblems(classes: readonly ContainedClass[]): string[] {
  // a class that two modules list is asked twice
  return [...new Set([...classes.flatMap(problemsOf), ...clashes(classes)])];
}

/** The servicers among an application's controllers. */
export function servicersAmong(classes: readonly ContainedClass[]): ContainedClass[] {
  return classes.filter(({ metatype, role }) => role === 'controller' && declaredServicer(metatype) !== undefined);
}

function problemsOf({ metatype, role, module, requestScoped }: ContainedClass): string[] {
  const declaration = declaredServicer(metatype);
  const { name } = metatype;
  if (declaration === undefined) return undeclaredProblems(metatype);
  if (role === 'provider')
    return [
      `${name}: is in the providers of ${module}, where nothing serves it; a servicer is a controller: move it to controllers`,
    ];
  const hooks = requestScoped ? declaration.cancelHooks : [];
  return [
    ...declaration.problems,
    ...hooks.map(
      ({ key }) =>
        `${name}.${key}: @OnCancel does not work on a request-scoped class, whose instance is gone by then; use context.addCallback() in the handler`,
    ),
  ];
}

function undeclaredProblems({ name, prototype }: ContainedClass['metatype']): string[] {
  const methods = declaredMethods(prototype as object).map(({ key, decorator }) => `${key}: has ${decorator}`);
  const hooks = declaredCancelHooks(prototype as object).map(({ key }) => `${key}: has @OnCancel()`);
  const [first] = [...methods, ...hooks];
  return first === undefined ? [] : [`${name}.${first}, but ${name} has no @Servicer(…); put it on the class`];
}

/** Two servicers of one service, or one listed twice: the second would replace the first without a word. */
function clashes(classes: readonly ContainedClass[]): string[] {
  const served = new Map<string, ContainedClass>();
  const problems: string[] = [];
  for (const found of servicersAmong(classes)) {
    const service = declaredServicer(found.metatype)?.schema?.typeName;
    if (service === undefined) continue;
    const first = served.get(service);
    served.set(service, first ?? found);
    if (first === undefined) continue;
    problems.push(
      first.metatype === found.metatype
        ? `${found.metatype.name}: is in the controllers of both ${first.module} and ${found.module}; list it once`
        : `${found.metatype.name}: ${service} is served by ${first.metatype.name} already; one servicer serves a service, so merge the two or remove one`,
    );
  }
  return problems;
}
