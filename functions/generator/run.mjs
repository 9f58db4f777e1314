/**
 * The environment of a third-party program: fourteen WASI functions of ours (`wasi_snapshot_preview1`), with standard
 * input and output. There are no arguments, variables, files, clock or randomness, so a run depends on its input only.
 * This file is JavaScript, because the sandbox runs it without a compiler.
 */

const MOST_OUTPUT = 4096;
const SUCCESS = 0;
const BAD_FILE = 8;
const NOT_SEEKABLE = 70;
/** Ends a program that calls `proc_exit`. */
const EXIT = new Error('exit');

/**
 * Runs the program twice, each time in a fresh instance. Returns its output, one character for each byte, or the fault.
 * @param {WebAssembly.Module} module
 * @param {Uint8Array} input
 */
export function runTwice(module, input) {
  const [first, second] = [run(module, input), run(module, input)];
  return first.fault !== undefined || first.output === second.output
    ? first
    : { fault: 'two runs with the same input write different output' };
}

function run(module, input) {
  let memory;
  let read = 0;
  let exitCode = 0;
  let fault;
  const output = [];
  const end = (why) => {
    fault ??= why;
    throw new Error(why);
  };
  // Each access makes a view, because a memory that grows replaces its buffer. A view out of bounds throws.
  const bytes = (at, length) => new Uint8Array(memory.buffer, at >>> 0, length >>> 0);
  const view = (at, length) => new DataView(memory.buffer, at >>> 0, length);
  const setZero = (...at) => {
    for (const one of at) view(one, 4).setUint32(0, 0, true);
    return SUCCESS;
  };
  function* buffers(at, count) {
    for (let index = 0; index < count >>> 0; index++) {
      const vector = view((at >>> 0) + 8 * index, 8);
      yield bytes(vector.getUint32(0, true), vector.getUint32(4, true));
    }
  }
  const store = (at, count) => {
    view(at, 4).setUint32(0, count, true);
    return SUCCESS;
  };
  const wasi = {
    args_sizes_get: setZero,
    args_get: () => SUCCESS,
    environ_sizes_get: setZero,
    environ_get: () => SUCCESS,
    clock_time_get: (_clock, _precision, at) => setZero(at, at + 4),
    random_get: (at, length) => {
      bytes(at, length).fill(0);
      return SUCCESS;
    },
    fd_close: () => SUCCESS,
    fd_fdstat_get: (file, at) => {
      if (file < 0 || file > 2) return BAD_FILE;
      bytes(at, 24).fill(0);
      bytes(at, 1)[0] = 2; // a character device
      return SUCCESS;
    },
    fd_prestat_get: () => BAD_FILE,
    fd_prestat_dir_name: () => BAD_FILE,
    fd_seek: () => NOT_SEEKABLE,
    fd_read: (file, at, count, readAt) => {
      if (file !== 0) return BAD_FILE;
      let total = 0;
      for (const buffer of buffers(at, count)) {
        const part = input.subarray(read, read + buffer.length);
        buffer.set(part);
        read += part.length;
        total += part.length;
      }
      return store(readAt, total);
    },
    fd_write: (file, at, count, storedAt) => {
      if (file !== 1 && file !== 2) return BAD_FILE;
      let total = 0;
      for (const buffer of buffers(at, count)) {
        total += buffer.length;
        if (file === 2) continue;
        if (output.length + buffer.length > MOST_OUTPUT) end(`it writes more than ${MOST_OUTPUT} bytes`);
        output.push(...buffer);
      }
      return store(storedAt, total);
    },
    proc_exit: (code) => {
      exitCode ||= code;
      throw EXIT;
    },
  };
  try {
    const instance = new WebAssembly.Instance(module, { wasi_snapshot_preview1: wasi });
    memory = instance.exports.memory;
    instance.exports._start();
  } catch (error) {
    if (error !== EXIT) fault ??= `it fails with "${String(error?.message).slice(0, 100)}"`;
  }
  if (exitCode !== 0) fault ??= `it ends with exit code ${exitCode}`;
  return fault === undefined ? { output: String.fromCharCode(...output) } : { fault };
}

/** Throws if the bytes are not a valid module. */
export const compile = (program) => new WebAssembly.Module(program);
