"""From a catalogue and logs to a shipped model: policy, ONNX export, training, proofs and release."""
