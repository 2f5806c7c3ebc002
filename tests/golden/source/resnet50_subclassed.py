"""resnet50, as a Subclassed Keras model. Compiled by hornbook."""

import keras
from keras import layers


class Normalized(keras.layers.Layer):
    """The block `normalized`."""

    def __init__(self, filters, size=1, stride=1, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        self.conv = layers.Conv2D(
            filters,
            size,
            strides=stride,
            padding="same",
            name=f"{name}_conv",
        )
        self.bn = layers.BatchNormalization(epsilon=1.001e-05, name=f"{name}_bn")

    def call(self, inputs, training=None):
        x = self.conv(inputs)
        return self.bn(x, training=training)


class Bottleneck(keras.layers.Layer):
    """The block `bottleneck`."""

    def __init__(self, filters, stride=1, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        self.layer_1 = Normalized(filters, stride=stride, name=f"{name}_1")
        self.layer_1_relu = layers.ReLU(name=f"{name}_1_relu")
        self.layer_2 = Normalized(filters, size=3, name=f"{name}_2")
        self.layer_2_relu = layers.ReLU(name=f"{name}_2_relu")
        self.layer_3 = Normalized(filters * 4, name=f"{name}_3")

    def call(self, inputs, training=None):
        x = self.layer_1(inputs, training=training)
        x = self.layer_1_relu(x)
        x = self.layer_2(x, training=training)
        x = self.layer_2_relu(x)
        return self.layer_3(x, training=training)


class Projection(keras.layers.Layer):
    """The block `projection`."""

    def __init__(self, filters, stride, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        self.layer_1 = Normalized(filters, stride=stride, name=f"{name}_1")
        self.layer_1_relu = layers.ReLU(name=f"{name}_1_relu")
        self.layer_2 = Normalized(filters, size=3, name=f"{name}_2")
        self.layer_2_relu = layers.ReLU(name=f"{name}_2_relu")
        self.layer_0_conv = layers.Conv2D(
            filters * 4,
            1,
            strides=stride,
            padding="same",
            name=f"{name}_0_conv",
        )
        self.layer_3_conv = layers.Conv2D(
            filters * 4,
            1,
            strides=1,
            padding="same",
            name=f"{name}_3_conv",
        )
        self.layer_0_bn = layers.BatchNormalization(
            epsilon=1.001e-05,
            name=f"{name}_0_bn",
        )
        self.layer_3_bn = layers.BatchNormalization(
            epsilon=1.001e-05,
            name=f"{name}_3_bn",
        )
        self.add = layers.Add(name=f"{name}_add")
        self.out = layers.ReLU(name=f"{name}_out")

    def call(self, inputs, training=None):
        x = self.layer_1(inputs, training=training)
        x = self.layer_1_relu(x)
        x = self.layer_2(x, training=training)
        x = self.layer_2_relu(x)
        layer_3_conv = self.layer_3_conv(x)
        x = self.layer_0_conv(inputs)
        layer_0_bn = self.layer_0_bn(x, training=training)
        x = self.layer_3_bn(layer_3_conv, training=training)
        x = self.add([layer_0_bn, x])
        return self.out(x)


class IdentityBlock(keras.layers.Layer):
    """The block `identity`."""

    def __init__(self, filters, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        self.bottleneck = Bottleneck(filters, name=name)
        self.add = layers.Add(name=f"{name}_add")
        self.out = layers.ReLU(name=f"{name}_out")

    def call(self, inputs, training=None):
        x = self.bottleneck(inputs, training=training)
        x = self.add([inputs, x])
        return self.out(x)


class Stage(keras.layers.Layer):
    """The block `stage`."""

    def __init__(self, filters, depth, stride=2, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        self.block1 = Projection(filters, stride=stride, name=f"{name}_block1")
        self.identity = [
            IdentityBlock(filters, name=f"{name}_block{index}")
            for index in range(2, depth + 1)
        ]

    def call(self, inputs, training=None):
        x = self.block1(inputs, training=training)
        for block in self.identity:
            x = block(x, training=training)
        return x


@keras.saving.register_keras_serializable(package="hornbook")
class Resnet50(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.conv1 = Normalized(64, size=7, stride=2, name="conv1")
        self.conv1_relu = layers.ReLU(name="conv1_relu")
        self.pool1_pool = layers.MaxPooling2D(
            3,
            strides=2,
            padding="same",
            name="pool1_pool",
        )
        self.conv2 = Stage(64, depth=3, stride=1, name="conv2")
        self.conv3 = Stage(128, depth=4, name="conv3")
        self.conv4 = Stage(256, depth=6, name="conv4")
        self.conv5 = Stage(512, depth=3, name="conv5")
        self.avg_pool = layers.GlobalAveragePooling2D(name="avg_pool")
        self.predictions = layers.Dense(1000, activation="softmax", name="predictions")

    def call(self, inputs, training=None):
        x = self.conv1(inputs, training=training)
        x = self.conv1_relu(x)
        x = self.pool1_pool(x)
        x = self.conv2(x, training=training)
        x = self.conv3(x, training=training)
        x = self.conv4(x, training=training)
        x = self.conv5(x, training=training)
        x = self.avg_pool(x)
        return self.predictions(x)


def build_model():
    model = Resnet50(name="resnet50")
    model(keras.Input((224, 224, 3), name="image"))  # makes the weights
    return model
