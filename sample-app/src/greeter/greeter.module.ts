import { Module } from '@nestjs/common';
import { GreeterServicer } from './greeter.servicer.js';

@Module({ controllers: [GreeterServicer] })
export class GreeterModule {}
