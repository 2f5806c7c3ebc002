"""text_lstm, as a Sequential Keras model. Compiled by hornbook."""

import keras
from keras import layers


def build_model():
    return keras.Sequential(
        [
            keras.Input((200,), name="words", dtype="int32"),
            layers.Embedding(10000, 32),
            layers.SpatialDropout1D(0.2),
            layers.Bidirectional(layers.LSTM(32)),
            layers.Dropout(0.3),
            layers.Dense(1, activation="sigmoid"),
        ],
        name="text_lstm",
    )
