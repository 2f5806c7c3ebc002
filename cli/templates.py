"""The specs that ``hornbook init`` writes: each explains itself, passes ``check`` and can be trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

PLACEHOLDER: Final = "NAME"

HEAD: Final = """\
#
#   hornbook check NAME.yaml     find every mistake
#   hornbook show NAME.yaml      sizes, parameters and work of each layer
#   hornbook train NAME.yaml     train it
#   hornbook emit NAME.yaml      print the Keras program
#
# Layers, optimizers, losses and their arguments have Keras's own names, so its manual is yours.
# Help inside your editor: `hornbook schema -o hornbook.schema.json` tells you how.

name: NAME
"""


@final
@dataclass(frozen=True, slots=True)
class Template:
    """A spec to begin with. ``title`` is the comment that it opens with."""

    title: str
    body: str

    def text(self, name: str) -> str:
        """Return the spec under a name of its own."""
        return f"# {self.title}\n{HEAD}{self.body}".replace(PLACEHOLDER, name)


IMAGE: Final = """
# What goes in: the shape of one example, without the batch.
inputs:
  image: [8, 8, 1] # height, width, channels

# Each layer takes what the one above it makes.
layers:
  - Conv2D: {filters: 32, kernel_size: 3, padding: same, activation: relu}
  - MaxPooling2D: {pool_size: 2}
  - Conv2D: {filters: 64, kernel_size: 3, padding: same, activation: relu}
  - Flatten
  - Dropout: {rate: 0.2} # only while it trains
  - Dense: {units: $classes, activation: softmax} # $classes: as many as the data has

train:
  # Comes along, no download: digits. Downloaded once: mnist, fashion_mnist, cifar10, cifar100.
  # Your own: {images: FOLDER} with a folder for each class, or {npz: FILE}.
  data: digits
  optimizer: adam # with arguments: Adam: {learning_rate: 1e-3}
  loss: sparse_categorical_crossentropy # for labels that are numbers: 0, 1, 2 ...
  metrics: [accuracy]
  epochs: 10
  batch_size: 32
  validation: 0.1 # hold out a tenth of the training examples to measure on
"""

TABULAR: Final = """
# What goes in: the number of columns, without the one to predict.
inputs:
  row: [13]

# Each layer takes what the one above it makes.
layers:
  - Dense: {units: 32, activation: relu, kernel_regularizer: {L2: {l2: 1e-3}}}
  - Dropout: {rate: 0.2} # only while it trains
  - Dense: {units: 16, activation: relu}
  # To predict a number and not a class: `Dense: {units: 1}`, with the loss mean_squared_error.
  - Dense: {units: $classes, activation: softmax} # $classes: as many as the data has

train:
  # Comes along: iris, wine, breast_cancer, and diabetes for a number.
  # Your own: {csv: FILE, target: COLUMN}. Columns are standardised for you.
  data: wine
  optimizer:
    Adam: {learning_rate: 5e-3}
  loss: sparse_categorical_crossentropy # for labels that are numbers: 0, 1, 2 ...
  metrics: [accuracy]
  epochs: 40
  batch_size: 16
  validation: 0.2 # hold out a fifth of the training examples to measure on
  callbacks:
    - EarlyStopping: {patience: 10, restore_best_weights: true}
"""

TEXT: Final = """
# What goes in: 200 numbers, one a word.
inputs:
  words: {shape: [200], dtype: int32}

# Each layer takes what the one above it makes.
layers:
  - Embedding: {input_dim: 10000, output_dim: 32} # a learned vector for each of 10,000 words
  - SpatialDropout1D: {rate: 0.2} # only while it trains
  - Conv1D: {filters: 64, kernel_size: 5, activation: relu}
  - GlobalMaxPooling1D
  # To read in order instead of looking for phrases, put this in place of the two layers above:
  # - Bidirectional: {layer: {LSTM: {units: 32}}}
  - Dense: {units: 1, activation: sigmoid} # one unit: the probability of yes

train:
  # Film reviews, good or bad; downloaded once. Your own: {npz: FILE} with word numbers.
  data: imdb
  optimizer: adam
  loss: binary_crossentropy # for labels that are 0 or 1
  metrics: [accuracy]
  epochs: 3
  batch_size: 64
  validation: 0.1 # hold out a tenth of the training examples to measure on
"""

GRAPH: Final = """
# What goes in: a picture and a row of numbers for each example.
inputs:
  image: [32, 32, 3]
  table: [12]

# A layer takes what the one above it makes, unless `inputs:` names something else:
# an input of the model, or a layer that has a name. That is enough to draw any graph.
layers:
  - Conv2D: {filters: 16, kernel_size: 3, activation: relu, inputs: image}
  - MaxPooling2D: {pool_size: 2}
  - Conv2D: {filters: 32, kernel_size: 3, activation: relu}
  - GlobalAveragePooling2D: {name: seen}

  - Dense: {name: known, units: 32, activation: relu, inputs: table}

  - Concatenate: {inputs: [seen, known]}
  - Dense: {units: 64, activation: relu}
  - Dense: {name: kind, units: 5, activation: softmax} # 5 classes

train:
  # The arrays of the file: x_train_image, x_train_table and y_train_kind, the same with x_test, y_test.
  data: {npz: NAME.npz}
  optimizer: adam
  loss: sparse_categorical_crossentropy # for labels that are numbers: 0, 1, 2, 3, 4
  metrics: [accuracy]
  epochs: 5
  batch_size: 32
"""

TEMPLATES: Final[dict[str, Template]] = {
    "image": Template("A picture in, a class out: a small convolutional network.", IMAGE),
    "tabular": Template("A row of numbers in, a class out: a small dense network.", TABULAR),
    "text": Template("A text in, yes or no out: a convolution over word vectors.", TEXT),
    "graph": Template(
        "A picture and a row of numbers in, a class out: a graph with two inputs.", GRAPH
    ),
}
