/** Faults of AWS that can be switched on. They are stored: a restart of Keypost does not repair AWS. */
import * as z from 'zod/mini';
import { type Files, parseJson } from '../files.ts';

const Faults = z.strictObject({
  ses: z.nullable(z.enum(['throttle', 'down', 'timeout', 'lost', 'slow', 'reject', 'sandbox'])),
  dynamodb: z.nullable(z.enum(['down', 'throttle'])),
  secretsmanager: z.nullable(z.enum(['down'])),
});
export type Faults = z.output<typeof Faults>;

export type FaultSwitch = ReturnType<typeof faultSwitch>;

const NONE: Faults = { ses: null, dynamodb: null, secretsmanager: null };
const FILE = 'faults.json';

export function faultSwitch(files: Files) {
  let faults = parseJson(Faults, files.read(FILE) ?? JSON.stringify(NONE), files.path(FILE));
  return {
    now: () => faults,
    /** Changes one or more services. Returns the faults of all three, or a message if the change is invalid. */
    change(change: unknown): Faults | { readonly message: string } {
      const result = z.partial(Faults).safeParse(change);
      if (!result.success) return { message: `${ALLOWED}; found ${JSON.stringify(change)?.slice(0, 200)}` };
      faults = Faults.parse({ ...faults, ...result.data });
      files.write(FILE, JSON.stringify(faults));
      return faults;
    },
  };
}

const ALLOWED =
  'expected any of { "ses": null | "throttle" | "down" | "timeout" | "lost" | "slow" | "reject" | "sandbox", ' +
  '"dynamodb": null | "down" | "throttle", "secretsmanager": null | "down" }';
