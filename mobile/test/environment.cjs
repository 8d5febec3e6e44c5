const { TestEnvironment } = require('jest-environment-node');

/** Jest gives every test file typed arrays of its own; onnxruntime-node makes those of the process and compares. */
module.exports = class extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    Object.assign(this.global, { Int32Array, Float32Array, Uint8Array, ArrayBuffer });
  }
};
