"""The tagger and the translator of Unroll's tasks in PyTorch, as one who knows it writes them: everything batched, recurrent layers on packed sequences, batches made and sorted before
anything is timed, padding left out of every product that can do without it. Modules and parameters have the names they have in Unroll."""
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pack_sequence, pad_packed_sequence, pad_sequence

UNKNOWN, BEGIN, END = 0, 1, 2  # of the translator's symbols; the tagger's unknown word is 0 too
NEVER = -1e4


class WordEncoder(nn.Module):
    """A word's characters in both directions: the final states of both."""

    def __init__(self, characters: int):
        super().__init__()
        self.embedding = nn.Embedding(characters, 30)
        self.rnn = nn.LSTM(30, 50, batch_first=True, bidirectional=True)

    def forward(self, words: PackedSequence) -> Tensor:
        h = self.rnn(words._replace(data=self.embedding(words.data)))[1][0]
        return torch.cat((h[0], h[1]), 1)


class SentenceEncoder(nn.Module):
    def __init__(self, words: int, more: int, hidden: int):
        super().__init__()
        self.embedding = nn.Embedding(words, 100)
        self.rnn = nn.LSTM(100 + more, hidden, batch_first=True, bidirectional=True)


class Crf(nn.Module):
    """A linear-chain conditional random field: all sentences at once, one loop over time."""

    def __init__(self, tags: int):
        super().__init__()
        self.transitions, self.start, self.end = (nn.Parameter(torch.zeros(*size)) for size in ((tags, tags), (tags,), (tags,)))

    def loss(self, scores: Tensor, tags: Tensor, mask: Tensor, lengths: Tensor) -> Tensor:
        """Scores [batch, time, tags], tags and mask [batch, time]: the mean over tokens."""
        right = scores.gather(2, tags.unsqueeze(2)).squeeze(2) * mask
        steps = self.transitions[tags[:, :-1], tags[:, 1:]] * mask[:, 1:]
        last = tags.gather(1, (lengths - 1).unsqueeze(1)).squeeze(1)
        path = right.sum() + steps.sum() + self.start[tags[:, 0]].sum() + self.end[last].sum()
        alpha = self.start + scores[:, 0]
        for t in range(1, scores.shape[1]):
            after = torch.logsumexp(alpha.unsqueeze(2) + self.transitions, 1) + scores[:, t]
            alpha = torch.where(mask[:, t, None] > 0, after, alpha)
        return (torch.logsumexp(alpha + self.end, 1).sum() - path) / lengths.sum()

    def best(self, scores: Tensor, mask: Tensor, lengths: Tensor) -> Tensor:
        """Viterbi: the best tags [batch, time]; beyond a sentence's end any."""
        identity = torch.arange(scores.shape[2]).expand(scores.shape[0], -1)
        alpha, back = self.start + scores[:, 0], []
        for t in range(1, scores.shape[1]):
            most, from_ = (alpha.unsqueeze(2) + self.transitions).max(1)
            here = mask[:, t, None] > 0
            alpha = torch.where(here, most + scores[:, t], alpha)
            back.append(torch.where(here, from_, identity))
        tags = [(alpha + self.end).argmax(1, keepdim=True)]
        for from_ in reversed(back):
            tags.append(from_.gather(1, tags[-1]))
        return torch.cat(tags[::-1], 1)


class TagBatch:
    """Sentences of falling length as packed words, and the different words among them as packed characters."""

    def __init__(self, words: list, forms: list, spellings: list, tags: list):
        self.words = pack_sequence([torch.tensor(sentence) for sentence in words])
        self.tags = pack_sequence([torch.tensor(sentence) for sentence in tags]).data
        self.sizes = [len(sentence) for sentence in words]
        different = sorted({form for sentence in forms for form in sentence}, key=lambda form: -len(spellings[form]))
        place = {form: number for number, form in enumerate(different)}
        self.characters = pack_sequence([torch.tensor(spellings[form]) for form in different])
        self.places = pack_sequence([torch.tensor([place[form] for form in sentence]) for sentence in forms]).data
        # For the random field, which reads rows of sentences.
        self.lengths = torch.tensor(self.sizes)
        self.padded = pad_sequence([torch.tensor(sentence) for sentence in tags], batch_first=True)
        self.mask = (torch.arange(self.padded.shape[1]) < self.lengths.unsqueeze(1)).float()


class Tagger(nn.Module):
    def __init__(self, data: dict, words: int, hidden: int):
        super().__init__()
        self.characters = WordEncoder(data["characters"])
        self.encoder = SentenceEncoder(words, 100, hidden)
        self.output = nn.Linear(2 * hidden, data["tag_count"])
        self.crf = Crf(data["tag_count"]) if "crf" in data else None
        self.rate, self.clip = 0.002, 5
        # As in Unroll by word, here for words that occur once.
        self.drops = torch.full((words,), 0.5)

    @staticmethod
    def batches(data: dict, size: int) -> list:
        runs = range(0, len(data["words"]), size)
        return [TagBatch(*(data[name][i : i + size] for name in ("words", "forms")), data["spellings"], data["tags"][i : i + size]) for i in runs]

    def scores(self, batch: TagBatch) -> PackedSequence:
        words = batch.words.data
        if self.training:
            words = words.masked_fill(torch.rand(words.shape) < self.drops[words], UNKNOWN)
        x = torch.cat((self.encoder.embedding(words), self.characters(batch.characters)[batch.places]), 1)
        x = self.encoder.rnn(batch.words._replace(data=F.dropout(x, 0.3, self.training)))[0]
        return x._replace(data=self.output(F.dropout(x.data, 0.5, self.training)))

    def loss(self, batch: TagBatch) -> Tensor:
        scores = self.scores(batch)
        if self.crf is None:
            return F.cross_entropy(scores.data, batch.tags)
        return self.crf.loss(pad_packed_sequence(scores, batch_first=True)[0], batch.padded, batch.mask, batch.lengths)

    def predict(self, batch: TagBatch) -> list:
        scores = self.scores(batch)
        if self.crf is None:
            best = pad_packed_sequence(scores._replace(data=scores.data.argmax(1)), batch_first=True)[0]
        else:
            best = self.crf.best(pad_packed_sequence(scores, batch_first=True)[0], batch.mask, batch.lengths)
        return [tags[:size] for tags, size in zip(best.tolist(), batch.sizes)]


class TranslationBatch:
    """Pairs, the sources of falling length."""

    def __init__(self, sources: list, targets: list):
        self.source = pack_sequence([torch.tensor([*source, END]) for source in sources])
        self.inputs = pad_sequence([torch.tensor([BEGIN, *target]) for target in targets], batch_first=True)
        lengths = torch.tensor([len(source) + 1 for source in sources])
        outside = torch.arange(int(lengths.max())) >= lengths.unsqueeze(1)
        self.mask = torch.zeros(outside.shape).masked_fill_(outside, float("-inf")).unsqueeze(1)
        self.lengths = torch.tensor([len(target) for target in targets])
        # Where there is something to write, in rows of all steps of all pairs, and what.
        self.places = (torch.arange(self.inputs.shape[1]) <= self.lengths.unsqueeze(1)).flatten().nonzero().squeeze(1)
        self.targets = torch.cat([torch.tensor([*target, END]) for target in targets])


class Memory(nn.Module):
    """Luong's general score: keys made of the source's places once."""

    def __init__(self, features: int):
        super().__init__()
        self.memory = nn.Linear(features, features, bias=False)


class Translator(nn.Module):
    def __init__(self, data: dict, symbols: int, hidden: int):
        super().__init__()
        self.target, self.source = nn.Embedding(symbols, 256), nn.Embedding(symbols, 256)
        self.encoder = nn.LSTM(256, hidden // 2, batch_first=True, bidirectional=True)
        self.decoder = nn.LSTM(256, hidden, batch_first=True)
        self.attention = Memory(hidden)
        self.join = nn.Linear(2 * hidden, 256, bias=False)
        self.output_bias = nn.Parameter(torch.zeros(symbols))
        with torch.no_grad():
            self.target.weight.uniform_(-0.1, 0.1)
            self.source.weight.uniform_(-0.1, 0.1)
        self.beam, self.rate, self.clip = data["beam"], 0.002, 1

    @staticmethod
    def batches(data: dict, size: int) -> list:
        return [TranslationBatch(*(data[name][i : i + size] for name in ("sources", "targets"))) for i in range(0, len(data["sources"]), size)]

    def encode(self, batch: TranslationBatch) -> tuple:
        """The source's places [batch, places, hidden], their keys, and the decoder's first state."""
        embedded = F.dropout(self.source(batch.source.data), 0.4, self.training)
        output, state = self.encoder(batch.source._replace(data=embedded))
        values = pad_packed_sequence(output, batch_first=True)[0]
        return values, self.attention.memory(values), tuple(torch.cat((both[0], both[1]), 1) for both in state)

    def attend(self, h: Tensor, values: Tensor, keys: Tensor, mask: Tensor) -> Tensor:
        """What the output layer reads: [batch, queries, 256]."""
        weights = torch.softmax(torch.baddbmm(mask, h, keys.transpose(1, 2), alpha=h.shape[2] ** -0.5), 2)
        return F.dropout(torch.tanh(self.join(torch.cat((h, torch.bmm(weights, values)), 2))), 0.4, self.training)

    def loss(self, batch: TranslationBatch) -> Tensor:
        values, keys, state = self.encode(batch)
        h, _ = self.decoder(F.dropout(self.target(batch.inputs), 0.4, self.training), tuple(of.unsqueeze(0) for of in state))
        features = self.attend(h, values, keys, batch.mask).flatten(0, 1)[batch.places]
        return F.cross_entropy(F.linear(features, self.target.weight, self.output_bias), batch.targets, label_smoothing=0.1 if self.training else 0.0)

    def predict(self, batch: TranslationBatch) -> list:
        """Beam search over all sources at once; one that is done leaves the batch."""
        values, keys, state = self.encode(batch)
        mask, lengths, width = batch.mask, batch.lengths, self.beam
        bias = self.output_bias
        cell = (self.decoder.weight_ih_l0, self.decoder.weight_hh_l0, self.decoder.bias_ih_l0, self.decoder.bias_hh_l0)
        h, c = (of.repeat_interleave(width, 0) for of in state)
        count, rows = len(lengths), torch.arange(len(lengths))
        read = torch.full((count * width,), BEGIN)
        scores = torch.full((count, width), float("-inf"))
        scores[:, 0] = 0
        written, found = torch.empty(count, width, 0, dtype=torch.long), [None] * count
        forbidden = torch.tensor([UNKNOWN, BEGIN])
        ends = set(lengths.tolist())
        for step in range(1, int(lengths.max()) + 1):
            h, c = torch._VF.lstm_cell(self.target(read), (h, c), *cell)
            features = self.attend(h.view(count, width, -1), values, keys, mask)
            logits = F.linear(features, self.target.weight, bias)
            totals = torch.log_softmax(logits, 2).index_fill_(2, forbidden, float("-inf")).add_(scores.unsqueeze(2))
            scores, at = totals.flatten(1).topk(width, 1)
            parents, symbols = torch.div(at, logits.shape[2], rounding_mode="floor"), at % logits.shape[2]
            written = torch.cat((written.gather(1, parents.unsqueeze(2).expand(-1, -1, step - 1)), symbols.unsqueeze(2)), 2)
            from_ = (parents + torch.arange(count).unsqueeze(1) * width).flatten()
            h, c, read = h[from_], c[from_], symbols.flatten()
            if step in ends:
                for row in (lengths == step).nonzero().flatten().tolist():
                    found[rows[row]] = written[row, 0].tolist()
                left = (lengths > step).nonzero().flatten()
                count = len(left)
                of_rows = (left.unsqueeze(1) * width + torch.arange(width)).flatten()
                h, c, read = h[of_rows], c[of_rows], read[of_rows]
                values, keys, mask, lengths, rows, scores, written = (of[left] for of in (values, keys, mask, lengths, rows, scores, written))
        return found


class Work:
    """A pass over all batches, in training or prediction."""

    def __init__(self, request: dict):
        data = request["data"]
        kind = Tagger if "words" in data else Translator
        self.model, self.batches = kind(data, request["I"], request["H"]), kind.batches(data, request["B"])
        self.adam = torch.optim.Adam(self.model.parameters(), lr=self.model.rate)

    def train(self):
        self.model.train()
        for batch in self.batches:
            self.adam.zero_grad(set_to_none=True)
            self.model.loss(batch).backward()
            nn.utils.clip_grad_norm_(self.model.parameters(), self.model.clip)
            self.adam.step()

    def infer(self) -> list:
        self.model.eval()
        if isinstance(self.model, Translator):
            with torch.no_grad():
                self.model.output_bias[END] = NEVER
        with torch.inference_mode():
            return [sentence for batch in self.batches for sentence in self.model.predict(batch)]

    def values(self, parameters: dict) -> dict:
        """Loss and gradients of the first batch without dropout, and what is predicted, from Unroll's weights. The second bias of a layer is PyTorch's alone."""
        own = dict(self.model.named_parameters())
        with torch.no_grad():
            for name, weight in own.items():
                weight.copy_(torch.tensor(parameters[name]).reshape(weight.shape)) if name in parameters else weight.zero_()
        self.model.eval()
        loss = self.model.loss(self.batches[0])
        loss.backward()
        gradients = {f"d{name}": own[name].grad.flatten().tolist() for name in parameters}
        return {"loss": [loss.item()], **gradients, "inference": [number for sentence in self.infer() for number in sentence]}
