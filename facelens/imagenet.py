"""Mean and standard deviation of ImageNet's colours, RGB from 0 to 1."""

# Mean and deviation of ImageNet's colours, which the backbones were trained with.
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
