"""mnist, as a Subclassed Keras model. Compiled by hornbook."""

import keras
from keras import layers


@keras.saving.register_keras_serializable(package="hornbook")
class Mnist(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.conv2d = layers.Conv2D(32, 3, activation="relu")
        self.conv2d_1 = layers.Conv2D(64, 3, activation="relu")
        self.flatten = layers.Flatten()
        self.dense = layers.Dense(128, activation="relu")
        self.dense_1 = layers.Dense(10, activation="softmax")

    def call(self, inputs):
        x = self.conv2d(inputs)
        x = self.conv2d_1(x)
        x = self.flatten(x)
        x = self.dense(x)
        return self.dense_1(x)


def build_model():
    model = Mnist(name="mnist")
    model(keras.Input((28, 28, 1), name="image"))  # makes the weights
    return model
