/** A plugin of esbuild, in JavaScript because the command line bundles itself without a compiler. */
import { builtinModules } from 'node:module';

/**
 * Reads built-in modules through `process.getBuiltinModule`: an ESM import of `node:http` touches every getter of its
 * facade and so loads undici, 45 ms of each cold start (nodejs/node#59686). Each name is an export of its own, so that
 * esbuild drops unused names: copying all of them for each importer costs 5 ms. `require` and `import()` get the module.
 */
export const builtins = {
  name: 'builtins',
  setup({ onResolve, onLoad }) {
    const names = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]));
    onResolve({ filter: /^[a-z_:/0-9]+$/ }, ({ path, kind }) => {
      const namespace = kind === 'import-statement' ? 'builtin' : 'builtin-module';
      return names.has(path) ? { path, namespace, sideEffects: false } : undefined;
    });
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => {
      const exported = Object.keys(process.getBuiltinModule(path) ?? {}).filter((name) => name !== 'default');
      const each = exported.map((name) =>
        LATE.test(path)
          ? `export const ${name} = (...args) => ${getBuiltin(path)}.${name}(...args);`
          : `export const ${name} = /* @__PURE__ */ (() => builtin.${name})();`,
      );
      const builtin = `const builtin = /* @__PURE__ */ ${getBuiltin(path)};`;
      return { contents: [builtin, 'export default builtin;', ...each].join('\n') };
    });
    onLoad({ filter: /.*/, namespace: 'builtin-module' }, ({ path }) => ({
      contents: `module.exports = ${getBuiltin(path)};`,
    }));
  },
};

/** Modules of functions only that an ordinary order does not call: they load at the first call. zlib takes 7 ms. */
const LATE = /^(?:node:)?zlib$/;

const getBuiltin = (path) => `process.getBuiltinModule(${JSON.stringify(path)})`;
