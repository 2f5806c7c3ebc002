"""cifar100, as a Subclassed Keras model. Compiled by hornbook."""

import keras
from keras import layers


@keras.saving.register_keras_serializable(package="hornbook")
class Cifar100(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.conv2d = layers.Conv2D(16, 3, activation="relu")
        self.max_pooling2d = layers.MaxPooling2D(2)
        self.conv2d_1 = layers.Conv2D(32, 3, activation="relu")
        self.max_pooling2d_1 = layers.MaxPooling2D(2)
        self.flatten = layers.Flatten()
        self.dense = layers.Dense(256, activation="relu")
        self.dense_1 = layers.Dense(100, activation="softmax")

    def call(self, inputs):
        x = self.conv2d(inputs)
        x = self.max_pooling2d(x)
        x = self.conv2d_1(x)
        x = self.max_pooling2d_1(x)
        x = self.flatten(x)
        x = self.dense(x)
        return self.dense_1(x)


def build_model():
    model = Cifar100(name="cifar100")
    model(keras.Input((32, 32, 3), name="image"))  # makes the weights
    return model
