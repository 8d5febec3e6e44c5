/** The closed list of the contract: what a device can run, in the interpreter too (sync/device_model.py). */
export const OPERATORS: ReadonlySet<string> = new Set([
  'Abs', 'Add', 'And', 'ArgMax', 'Cast', 'Concat', 'Constant', 'CumSum', 'Div', 'Equal', 'Expand', 'Gather', 'Greater',
  'GreaterOrEqual', 'Identity', 'Less', 'LessOrEqual', 'Loop', 'MatMul', 'Max', 'Min', 'Mul', 'Not', 'Or', 'ReduceMax',
  'ReduceSum', 'Reshape', 'Shape', 'Sub', 'TopK', 'TreeEnsembleRegressor', 'Unsqueeze', 'Where',
]);
