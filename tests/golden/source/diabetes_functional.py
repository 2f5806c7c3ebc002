"""diabetes, as a Functional Keras model. Compiled by hornbook."""

import keras
from keras import layers, regularizers


def build_model():
    patient = keras.Input((10,), name="patient")
    x = layers.Dense(
        32,
        activation="relu",
        kernel_regularizer=regularizers.L2(l2=0.001),
    )(patient)  # (None, 32)
    x = layers.Dropout(0.1)(x)  # (None, 32)
    x = layers.Dense(
        16,
        activation="relu",
        kernel_regularizer=regularizers.L2(l2=0.001),
    )(x)  # (None, 16)
    outputs = layers.Dense(1)(x)  # (None, 1)
    return keras.Model(patient, outputs, name="diabetes")
