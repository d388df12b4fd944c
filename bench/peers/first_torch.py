"""The logarithm of the probability of a line of text, by PyTorch, from the weights of a character-level model: first_torch.py WEIGHTS TEXT."""
import json
import struct
import sys

import torch

with open(sys.argv[1], "rb") as file:
    header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    data = bytearray(file.read())
metadata = header.pop("__metadata__")
weights = {}
for name, entry in header.items():
    begin, end = entry["data_offsets"]
    weights[name] = torch.frombuffer(data, dtype=torch.float32, count=(end - begin) // 4, offset=begin).reshape(entry["shape"])

symbols, features = weights["embedding.weight"].shape
layers = sum(name.startswith("rnn.weight_ih_l") for name in weights)
embedding = torch.nn.Embedding(symbols, features)
rnn = torch.nn.LSTM(features, weights["rnn.weight_hh_l0"].shape[1], layers, batch_first=True)
output = torch.nn.Linear(rnn.hidden_size, symbols)
torch.nn.ModuleDict({"embedding": embedding, "rnn": rnn, "output": output}).load_state_dict(weights)

names = json.loads(metadata["vocabulary"])["symbols"]
line = torch.tensor([[names.index(letter) for letter in "\n" + sys.argv[2] + "\n"]])
with torch.no_grad():
    logs = output(rnn(embedding(line[:, :-1]))[0]).log_softmax(-1)
print(json.dumps({"log_probability": logs.gather(2, line[:, 1:, None]).sum().item()}))
