"""residual, as a Subclassed Keras model. Compiled by hornbook."""

import keras
from keras import layers


@keras.saving.register_keras_serializable(package="hornbook")
class Residual(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.random_flip = layers.RandomFlip("horizontal")
        self.stem = layers.Conv2D(16, 3, padding="same", use_bias=False, name="stem")
        self.batch_normalization = layers.BatchNormalization()
        self.re_lu = layers.ReLU()
        self.conv2d = layers.Conv2D(16, 3, padding="same", use_bias=False)
        self.batch_normalization_1 = layers.BatchNormalization()
        self.re_lu_1 = layers.ReLU()
        self.first = layers.Conv2D(16, 3, padding="same", use_bias=False, name="first")
        self.first_sum = layers.Add(name="first_sum")
        self.batch_normalization_2 = layers.BatchNormalization()
        self.re_lu_2 = layers.ReLU()
        self.conv2d_1 = layers.Conv2D(32, 3, strides=2, padding="same", use_bias=False)
        self.batch_normalization_3 = layers.BatchNormalization()
        self.re_lu_3 = layers.ReLU()
        self.second = layers.Conv2D(
            32,
            3,
            padding="same",
            use_bias=False,
            name="second",
        )
        self.shortcut = layers.Conv2D(32, 1, strides=2, name="shortcut")
        self.add = layers.Add()
        self.batch_normalization_4 = layers.BatchNormalization()
        self.re_lu_4 = layers.ReLU()
        self.global_average_pooling2d = layers.GlobalAveragePooling2D()
        self.dense = layers.Dense(10, activation="softmax")

    def call(self, inputs, training=None):
        x = self.random_flip(inputs, training=training)
        stem = self.stem(x)
        x = self.batch_normalization(stem, training=training)
        x = self.re_lu(x)
        x = self.conv2d(x)
        x = self.batch_normalization_1(x, training=training)
        x = self.re_lu_1(x)
        x = self.first(x)
        first_sum = self.first_sum([x, stem])
        x = self.batch_normalization_2(first_sum, training=training)
        x = self.re_lu_2(x)
        x = self.conv2d_1(x)
        x = self.batch_normalization_3(x, training=training)
        x = self.re_lu_3(x)
        second = self.second(x)
        x = self.shortcut(first_sum)
        x = self.add([second, x])
        x = self.batch_normalization_4(x, training=training)
        x = self.re_lu_4(x)
        x = self.global_average_pooling2d(x)
        return self.dense(x)


def build_model():
    model = Residual(name="residual")
    model(keras.Input((32, 32, 3), name="image"))  # makes the weights
    return model
