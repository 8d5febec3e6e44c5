"""On-device learning: a second small graph, `learn.onnx`, that turns feedback into a tilt of the generator's choice."""
