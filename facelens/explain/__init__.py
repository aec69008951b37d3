"""Explanations: evidence maps, occlusion, feature maps and the filters of the first layer."""
