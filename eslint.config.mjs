import js from "@eslint/js";
import globals from "globals";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["dist/", "build/", "bundled/", "node_modules/", ".venv/", "test-results/"] },
  js.configs.recommended,
  {
    files: ["client/src/**/*.ts", "tests/client/**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
    },
  },
  {
    // node:test returns a promise of the test's end, which nobody needs to await.
    files: ["tests/client/**/*.ts"],
    rules: { "@typescript-eslint/no-floating-promises": "off" },
  },
  {
    files: ["**/*.mjs"],
    languageOptions: { globals: { ...globals.node } },
  },
  {
    // What these give to Playwright's `evaluate` runs in the browser.
    files: ["tests/e2e/**/*.mjs"],
    languageOptions: { globals: { ...globals.browser } },
  },
);
