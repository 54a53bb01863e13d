"""Whether a server behaves as the GWS reference documents; how one is served or driven is not its business."""
