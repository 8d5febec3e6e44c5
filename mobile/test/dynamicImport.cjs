/** `import('x')` as a require in its own turn: Jest's CommonJS has no dynamic import, and its ESM mode cannot load Expo's. */
module.exports = ({ template }) => {
  const later = template.expression(
    'Promise.resolve().then(() => { const found = require(SOURCE); return found && found.__esModule ? found : { ...found, default: found }; })',
  );
  return {
    visitor: {
      CallExpression(path) {
        if (path.node.callee.type === 'Import') path.replaceWith(later({ SOURCE: path.node.arguments[0] }));
      },
      ImportExpression(path) {
        path.replaceWith(later({ SOURCE: path.node.source }));
      },
    },
  };
};
