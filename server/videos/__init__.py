"""Videos on YouTube: attached by address or id, looked after once a day. See docs/videos.md."""
