/**
 * Checks a WebAssembly module before it runs. Its sections are read here, because V8 accepts modules with far more than
 * a serial needs: https://webassembly.github.io/spec/core/binary/modules.html
 */

const MOST_BYTES = 2_000_000;
const MOST_PAGES = 64;
const MOST_FUNCTIONS = 20_000;
const MOST_TABLE_ENTRIES = 100_000;
const WASI = 'wasi_snapshot_preview1';
const WASI_NAMES = [
  ...['args_get', 'args_sizes_get', 'environ_get', 'environ_sizes_get', 'clock_time_get', 'random_get'],
  ...['fd_close', 'fd_fdstat_get', 'fd_prestat_get', 'fd_prestat_dir_name', 'fd_read', 'fd_seek', 'fd_write'],
  'proc_exit',
];

/** The IDs of the sections in the order in which they may occur. */
const SECTIONS = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];
const FUNCTION = 0;
const MEMORY = 2;
/** i32, i64, f32, f64. */
const NUMBERS = [0x7f, 0x7e, 0x7d, 0x7c];
const FUNCREF = 0x70;

/** Returns what is wrong with the module, each with its fix; an empty list if the module may run. Never throws. */
export function moduleFaults(module: Uint8Array): string[] {
  if (module.length > MOST_BYTES)
    return [`found ${module.length} bytes, expected at most ${MOST_BYTES}; compile with -O2 -Wl,--strip-all`];
  const bytes = readerOf(module);
  try {
    if (Buffer.from(bytes.slice(8)).toString('latin1') !== '\0asm\x01\0\0\0')
      return ['found no WebAssembly module of version 1; compile the program for wasm32-wasi'];
    return [...new Set(sectionFaults(bytes))];
  } catch (error) {
    const why = error instanceof RangeError ? error.message : 'an error';
    return [`found ${why} before byte ${bytes.at()}; the file is damaged: compile the program again`];
  }
}

function* sectionFaults(bytes: Reader): Generator<string> {
  const seen = new Set<number>();
  const exported = new Map<string, number>();
  while (!bytes.isAtEnd()) {
    const id = bytes.byte();
    const section = readerOf(bytes.slice(bytes.u32()));
    if (id === 0) continue;
    const later = SECTIONS.slice(SECTIONS.indexOf(id));
    if (!SECTIONS.includes(id) || later.some((one) => seen.has(one)))
      throw new RangeError(`an unexpected section ${id}`);
    seen.add(id);
    if (id === 1) yield* typeFaults(section);
    if (id === 2) yield* importFaults(section);
    if (id === 3 && section.u32() > MOST_FUNCTIONS)
      yield `found more than ${MOST_FUNCTIONS} functions; compile with -Wl,--gc-sections, or link less`;
    if (id === 4) yield* tableFaults(section);
    if (id === 5) yield* memoryFaults(section);
    if (id === 7)
      for (let count = section.u32(); count > 0; count--) {
        exported.set(section.name(), section.byte());
        section.u32();
      }
    if (id === 8) yield 'found a start function; compile a WASI command, which exports `_start` only';
    if (id === 13) yield EXCEPTIONS;
  }
  if (!seen.has(5)) yield 'found no memory; compile a program with `main` for wasm32-wasi';
  if (exported.get('_start') !== FUNCTION || exported.get('memory') !== MEMORY)
    yield 'found no exported `_start` and `memory`; compile a program with `main`, not a library';
}

function* typeFaults(section: Reader): Generator<string> {
  for (let count = section.u32(); count > 0; count--) {
    const isFunction = section.byte() === 0x60;
    const types = isFunction ? [...section.slice(section.u32()), ...section.slice(section.u32())] : [];
    if (isFunction && types.every((type) => NUMBERS.includes(type))) continue;
    // The length of another type is unknown, so the rest cannot be read.
    return yield 'found a type that is no function over i32, i64, f32 and f64 (garbage collection, references or SIMD); compile with -mno-reference-types -mno-simd128';
  }
}

function* importFaults(section: Reader): Generator<string> {
  for (let count = section.u32(); count > 0; count--) {
    const [module, name, kind] = [section.name(), section.name(), section.byte()];
    if (kind !== FUNCTION)
      return yield `found an import that is no function (${quoted(module, name)}); link it into the program`;
    section.u32();
    if (module !== WASI || !WASI_NAMES.includes(name)) yield importFault(module, name);
  }
}

function importFault(module: string, name: string): string {
  if (/^(__cxa_|_Unwind|__wasm_lpad)/.test(name)) return EXCEPTIONS;
  const found = `found the import ${quoted(module, name)}`;
  if (/^(path_|fd_)/.test(name))
    return `${found}, which uses files; a program may only use standard input and output`;
  if (module !== WASI)
    return `${found}; compile for wasm32-wasi, without a browser and without undefined functions`;
  return `${found}; a program may only use ${WASI_NAMES.join(', ')}`;
}

function* tableFaults(section: Reader): Generator<string> {
  if (section.u32() > 1) return yield 'found several tables; compile with -mno-reference-types';
  const type = section.byte();
  const flags = section.byte();
  const [, max = 0] = flags === 1 ? [section.u32(), section.u32()] : [];
  if (type !== FUNCREF || flags !== 1 || max > MOST_TABLE_ENTRIES)
    yield `found a table without a maximum of at most ${MOST_TABLE_ENTRIES} functions; compile without -Wl,--growable-table`;
}

function* memoryFaults(section: Reader): Generator<string> {
  if (section.u32() !== 1) return yield 'found several memories; compile with -mno-multimemory';
  const flags = section.byte();
  if (flags & 2) return yield 'found a shared memory; compile without threads (-pthread)';
  if (flags & 4) return yield 'found a 64-bit memory; compile for wasm32-wasi';
  const [, max] = [section.u32(), flags === 1 ? section.u32() : undefined];
  if (max === undefined || max > MOST_PAGES)
    yield `found a memory ${max === undefined ? 'without a maximum' : `of up to ${max} pages`}, expected at most ${MOST_PAGES} pages (4 MB); compile with -Wl,--max-memory=4194304`;
}

const EXCEPTIONS = 'it uses C++ exceptions, which WASI programs lack; compile with -fno-exceptions';

/** Text from the file is cut, and its control characters are escaped. */
const quoted = (...names: readonly string[]) => JSON.stringify(names.join('.').slice(0, 80));

type Reader = ReturnType<typeof readerOf>;

/** Reads the values of the binary format. Throws a RangeError at the end of the bytes. */
function readerOf(bytes: Uint8Array) {
  let at = 0;
  const slice = (length: number) => {
    if (length > bytes.length - at) throw new RangeError('fewer bytes than announced');
    at += length;
    return bytes.subarray(at - length, at);
  };
  const byte = () => slice(1)[0] ?? 0;
  /** LEB128, at most 32 bits. */
  const u32 = (shift = 0): number => {
    const one = byte();
    if (shift === 28 && one > 15) throw new RangeError('a number of more than 32 bits');
    return (one & 0x7f) * 2 ** shift + (one > 0x7f ? u32(shift + 7) : 0);
  };
  return {
    ...{ slice, byte, u32 },
    name: () => Buffer.from(slice(u32())).toString('latin1'),
    isAtEnd: () => at === bytes.length,
    at: () => at,
  };
}
