/** The documents name nothing that is not there, and leave out nothing that has to be in them. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { HINTS } from '../bin/commands/held.ts';
import { run } from '../bin/commands/program.ts';
import { HELD_REASONS } from '../functions/core/event.ts';
import { catalogueFile } from '../lib/bundle.ts';
import { KeypostStack } from '../lib/keypost-stack.ts';
import { loadCatalogue } from '../lib/load-catalogue.ts';

const under = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap(({ name, isDirectory, ...entry }) =>
    isDirectory.call(entry) ? under(join(folder, name)) : [join(folder, name)],
  );
