declare module '*.onnx' {
  const id: number;
  export default id;
}
declare module '*.wasm' {
  const id: number;
  export default id;
}
