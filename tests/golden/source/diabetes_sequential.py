"""diabetes, as a Sequential Keras model. Compiled by hornbook."""

import keras
from keras import layers, regularizers


def build_model():
    return keras.Sequential(
        [
            keras.Input((10,), name="patient"),
            layers.Dense(
                32,
                activation="relu",
                kernel_regularizer=regularizers.L2(l2=0.001),
            ),
            layers.Dropout(0.1),
            layers.Dense(
                16,
                activation="relu",
                kernel_regularizer=regularizers.L2(l2=0.001),
            ),
            layers.Dense(1),
        ],
        name="diabetes",
    )
