"""text_lstm, as a Functional Keras model, and its training. Compiled by hornbook."""

import keras
import numpy as np
from keras import layers

EPOCHS = 3
BATCH_SIZE = 64
SEED = 0


def load_data():
    """Return training and test reviews, 200 word numbers each."""
    reviews = keras.datasets.imdb.load_data(num_words=10000)
    (x_train, y_train), (x_test, y_test) = reviews
    x_train, x_test = (keras.utils.pad_sequences(x, 200) for x in (x_train, x_test))
    return (x_train, y_train), (x_test, y_test)


def hold_out(x, y, fraction):
    """Split examples at random: the larger part to train, the rest to validate."""
    examples = len(x)
    order = np.random.default_rng(SEED).permutation(examples)
    cut = examples - max(1, int(examples * fraction))
    return [(x[part], y[part]) for part in (order[:cut], order[cut:])]


def build_model():
    words = keras.Input((200,), name="words", dtype="int32")
    x = layers.Embedding(10000, 32)(words)
    x = layers.SpatialDropout1D(0.2)(x)
    x = layers.Bidirectional(layers.LSTM(32))(x)
    x = layers.Dropout(0.3)(x)
    outputs = layers.Dense(1, activation="sigmoid")(x)
    return keras.Model(words, outputs, name="text_lstm")


def main():
    keras.utils.set_random_seed(SEED)
    (x_train, y_train), (x_test, y_test) = load_data()
    (x_train, y_train), validation = hold_out(x_train, y_train, 0.1)
    model = build_model()
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(
        x_train,
        y_train,
        batch_size=BATCH_SIZE,
        epochs=EPOCHS,
        validation_data=validation,
        callbacks=[
            keras.callbacks.EarlyStopping(patience=1, restore_best_weights=True),
        ],
    )
    results = model.evaluate(x_test, y_test, return_dict=True, verbose=0)
    print("test:", "  ".join(f"{k} {v:.4f}" for k, v in results.items()))


if __name__ == "__main__":
    main()
