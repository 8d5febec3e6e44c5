const { getDefaultConfig } = require('expo/metro-config');

const { leanOnTheWeb } = require('./tools/web/lean');

const config = getDefaultConfig(__dirname);
config.resolver.assetExts.push('wasm', 'onnx');
config.resolver.resolveRequest = leanOnTheWeb(config.resolver.resolveRequest);
module.exports = config;
