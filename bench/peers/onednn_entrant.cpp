// oneDNN's side of the race (see race.py): its LSTM, GRU (both reset forms) and plain RNN primitives, in the layouts it asks for. Weights are reordered
// into its packed formats outside the timed loop, and gradients of weights are left to add up without being cleared: its best case.
// Time comes first in its input and output, [time, batch, features].
#include <omp.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <dnnl.hpp>

#if DNNL_VERSION_MAJOR != 2
#error "this entrant is written for oneDNN 2 (Debian's libdnnl-dev 2.6)"
#endif

using namespace dnnl;
using Dims = memory::dims;
using Tag = memory::format_tag;

static const auto f32 = memory::data_type::f32;

// The numbers every entrant computes with (LayerWork.cs).
static std::vector<float> numbers(uint32_t which, float scale, size_t count) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; i++) {
    uint32_t mixed = (uint32_t)(i + 1) * 2654435761u ^ which * 2246822519u;
    mixed = (mixed ^ mixed >> 15) * 2654435769u;
    values[i] = ((mixed >> 16) / 65536.f - 0.5f) * scale;
  }
  return values;
}

// A value of a flat JSON object on one line.
static std::string text(const std::string &json, const std::string &name) {
  auto at = json.find("\"" + name + "\"");
  if (at == std::string::npos) return "";
  at = json.find_first_not_of(": ", at + name.size() + 2);
  if (json[at] == '"') return json.substr(at + 1, json.find('"', at + 1) - at - 1);
  return json.substr(at, json.find_first_of(",}", at) - at);
}

struct Layer {
  engine cpu{engine::kind::cpu, 0};
  stream queue{cpu};
  std::string cell;
  int64_t T, B, I, H, G, biases;
  bool train, hasCell;
  primitive forward, backward;
  std::unordered_map<int, memory> forwardArgs, backwardArgs;

  memory make(const memory::desc &desc, bool cleared = false) {
    memory made(desc, cpu);
    if (cleared) std::memset(made.get_data_handle(), 0, desc.get_size());
    return made;
  }

  memory plain(const Dims &dims, Tag tag, const std::vector<float> &values) {
    memory made({dims, f32, tag}, cpu);
    std::memcpy(made.get_data_handle(), values.data(), values.size() * sizeof(float));
    return made;
  }

  memory reordered(memory from, const memory::desc &to) {
    if (from.get_desc() == to) return from;
    memory made = make(to);
    reorder(from, made).execute(queue, from, made);
    queue.wait();
    return made;
  }

  // PyTorch orders a GRU's gates r, z, n; oneDNN z, r, n. The LSTM's order, i, f, g, o, is the same.
  int64_t gate(int64_t ours) const { return G == 3 && ours < 2 ? 1 - ours : ours; }

  // [gates · H, columns], as PyTorch stores weights, to [columns, gates, H].
  std::vector<float> weights(uint32_t which, int64_t columns) const {
    auto from = numbers(which, 1 / std::sqrt((float)H), G * H * columns);
    std::vector<float> to(from.size());
    for (int64_t g = 0; g < G; g++)
      for (int64_t j = 0; j < H; j++)
        for (int64_t k = 0; k < columns; k++) to[(k * G + gate(g)) * H + j] = from[(g * H + j) * columns + k];
    return to;
  }

  // [batch, time, features] to [time, batch, features] and back.
  std::vector<float> timeFirst(const std::vector<float> &from, int64_t first, int64_t second, int64_t features) const {
    std::vector<float> to(from.size());
    for (int64_t a = 0; a < first; a++)
      for (int64_t b = 0; b < second; b++) std::memcpy(&to[(b * first + a) * features], &from[(a * second + b) * features], features * sizeof(float));
    return to;
  }

  Layer(const std::string &request)
      : cell(text(request, "cell")), T(std::stol(text(request, "T"))), B(std::stol(text(request, "B"))), I(std::stol(text(request, "I"))),
        H(std::stol(text(request, "H"))) {
    train = text(request, "mode") == "train";
    hasCell = cell == "lstm";
    G = cell == "lstm" ? 4 : cell == "elman" ? 1 : 3;
    biases = cell == "gru" ? 4 : G;
    const float scale = 1 / std::sqrt((float)H);
    const auto kind = train ? prop_kind::forward_training : prop_kind::forward_inference;
    const auto direction = rnn_direction::unidirectional_left2right;
    const Dims xDims{T, B, I}, yDims{T, B, H}, stateDims{1, 1, B, H}, wDims{1, 1, I, G, H}, uDims{1, 1, H, G, H}, bDims{1, 1, biases, H};
    const memory::desc x{xDims, f32, Tag::tnc}, y{yDims, f32, Tag::tnc}, state{stateDims, f32, Tag::ldnc}, bias{bDims, f32, Tag::ldgo};
    const memory::desc w{wDims, f32, Tag::any}, u{uDims, f32, Tag::any};

    auto b = numbers(6, scale, G * H);
    std::vector<float> biasValues(biases * H);
    for (int64_t g = 0; g < G; g++) std::memcpy(&biasValues[gate(g) * H], &b[g * H], H * sizeof(float));
    if (biases > G) {
      auto extra = numbers(7, scale, H);
      std::memcpy(&biasValues[G * H], extra.data(), H * sizeof(float));
    }
    memory plainW = plain(wDims, Tag::ldigo, weights(4, I)), plainU = plain(uDims, Tag::ldigo, weights(5, H));
    forwardArgs[DNNL_ARG_SRC_LAYER] = plain(xDims, Tag::tnc, timeFirst(numbers(1, 1, T * B * I), B, T, I));
    forwardArgs[DNNL_ARG_SRC_ITER] = plain(stateDims, Tag::ldnc, numbers(2, 1, B * H));
    forwardArgs[DNNL_ARG_BIAS] = plain(bDims, Tag::ldgo, biasValues);
    forwardArgs[DNNL_ARG_DST_LAYER] = make(y);
    forwardArgs[DNNL_ARG_DST_ITER] = make(state);
    if (hasCell) {
      forwardArgs[DNNL_ARG_SRC_ITER_C] = plain(stateDims, Tag::ldnc, numbers(3, 1, B * H));
      forwardArgs[DNNL_ARG_DST_ITER_C] = make(state);
    }

    if (cell == "lstm") {
      lstm_forward::primitive_desc hint({kind, direction, x, state, state, w, u, bias, y, state, state}, cpu);
      finishForward<lstm_forward>(hint, plainW, plainU);
      if (train) finishBackward<lstm_backward>(lstm_backward::primitive_desc(
          {prop_kind::backward, direction, x, state, state, w, u, bias, y, state, state, x, state, state, w, u, bias, y, state, state}, cpu, hint), plainW, plainU);
    } else if (cell == "gru") {
      lbr_gru_forward::primitive_desc hint({kind, direction, x, state, w, u, bias, y, state}, cpu);
      finishForward<lbr_gru_forward>(hint, plainW, plainU);
      if (train) finishBackward<lbr_gru_backward>(lbr_gru_backward::primitive_desc(
          {prop_kind::backward, direction, x, state, w, u, bias, y, state, x, state, w, u, bias, y, state}, cpu, hint), plainW, plainU);
    } else if (cell == "gru-before") {
      gru_forward::primitive_desc hint({kind, direction, x, state, w, u, bias, y, state}, cpu);
      finishForward<gru_forward>(hint, plainW, plainU);
      if (train) finishBackward<gru_backward>(gru_backward::primitive_desc(
          {prop_kind::backward, direction, x, state, w, u, bias, y, state, x, state, w, u, bias, y, state}, cpu, hint), plainW, plainU);
    } else {
      const auto tanh = algorithm::eltwise_tanh;
      vanilla_rnn_forward::primitive_desc hint({kind, tanh, direction, x, state, w, u, bias, y, state}, cpu);
      finishForward<vanilla_rnn_forward>(hint, plainW, plainU);
      if (train) finishBackward<vanilla_rnn_backward>(vanilla_rnn_backward::primitive_desc(
          {prop_kind::backward, tanh, direction, x, state, w, u, bias, y, state, x, state, w, u, bias, y, state}, cpu, hint), plainW, plainU);
    }
  }

  template <typename Primitive>
  void finishForward(const typename Primitive::primitive_desc &desc, memory plainW, memory plainU) {
    forwardArgs[DNNL_ARG_WEIGHTS_LAYER] = reordered(plainW, desc.weights_layer_desc());
    forwardArgs[DNNL_ARG_WEIGHTS_ITER] = reordered(plainU, desc.weights_iter_desc());
    if (train) forwardArgs[DNNL_ARG_WORKSPACE] = make(desc.workspace_desc());
    forward = Primitive(desc);
  }

  template <typename Primitive>
  void finishBackward(const typename Primitive::primitive_desc &desc, memory plainW, memory plainU) {
    backwardArgs = forwardArgs;
    backwardArgs[DNNL_ARG_WEIGHTS_LAYER] = reordered(plainW, desc.weights_layer_desc());
    backwardArgs[DNNL_ARG_WEIGHTS_ITER] = reordered(plainU, desc.weights_iter_desc());
    backwardArgs[DNNL_ARG_DIFF_DST_LAYER] = plain({T, B, H}, Tag::tnc, timeFirst(numbers(8, 1, T * B * H), B, T, H));
    backwardArgs[DNNL_ARG_DIFF_DST_ITER] = make(desc.diff_dst_iter_desc(), true);
    backwardArgs[DNNL_ARG_DIFF_SRC_LAYER] = make(desc.diff_src_layer_desc());
    backwardArgs[DNNL_ARG_DIFF_SRC_ITER] = make(desc.diff_src_iter_desc());
    if (hasCell) {
      backwardArgs[DNNL_ARG_DIFF_DST_ITER_C] = make({{1, 1, B, H}, f32, Tag::ldnc}, true);
      backwardArgs[DNNL_ARG_DIFF_SRC_ITER_C] = make({{1, 1, B, H}, f32, Tag::ldnc});
    }
    backwardArgs[DNNL_ARG_DIFF_WEIGHTS_LAYER] = make(desc.diff_weights_layer_desc(), true);
    backwardArgs[DNNL_ARG_DIFF_WEIGHTS_ITER] = make(desc.diff_weights_iter_desc(), true);
    backwardArgs[DNNL_ARG_DIFF_BIAS] = make(desc.diff_bias_desc(), true);
    backward = Primitive(desc);
  }

  void step() {
    forward.execute(queue, forwardArgs);
    if (train) backward.execute(queue, backwardArgs);
    queue.wait();
  }

  std::vector<float> read(memory from, const Dims &dims, Tag tag) {
    memory made = reordered(from, {dims, f32, tag});
    auto *begin = (const float *)made.get_data_handle();
    return {begin, begin + made.get_desc().get_size() / sizeof(float)};
  }

  // [columns, gates, H] to [gates · H, columns].
  std::vector<float> ofWeights(int argument, int64_t columns, int64_t gates) {
    auto from = argument == DNNL_ARG_DIFF_BIAS ? read(backwardArgs[argument], {1, 1, gates, H}, Tag::ldgo) : read(backwardArgs[argument], {1, 1, columns, gates, H}, Tag::ldigo);
    std::vector<float> to(G * H * columns);
    for (int64_t g = 0; g < G; g++)
      for (int64_t j = 0; j < H; j++)
        for (int64_t k = 0; k < columns; k++) to[(g * H + j) * columns + k] = from[(k * gates + gate(g)) * H + j];
    return to;
  }

  static void print(const char *name, const std::vector<float> &values) {
    printf("%s\"%s\": [", name[0] == 'i' || !strcmp(name, "output") ? "" : ", ", name);
    for (size_t i = 0; i < values.size(); i++) printf("%s%.9g", i ? ", " : "", values[i]);
    printf("]");
  }

  void values() {
    step();
    printf("{\"values\": {");
    print(train ? "output" : "inference", timeFirst(read(forwardArgs[DNNL_ARG_DST_LAYER], {T, B, H}, Tag::tnc), T, B, H));
    if (train) {
      print("dx", timeFirst(read(backwardArgs[DNNL_ARG_DIFF_SRC_LAYER], {T, B, I}, Tag::tnc), T, B, I));
      print("dh0", read(backwardArgs[DNNL_ARG_DIFF_SRC_ITER], {1, 1, B, H}, Tag::ldnc));
      if (hasCell) print("dc0", read(backwardArgs[DNNL_ARG_DIFF_SRC_ITER_C], {1, 1, B, H}, Tag::ldnc));
      print("dweight_ih_l0", ofWeights(DNNL_ARG_DIFF_WEIGHTS_LAYER, I, G));
      print("dweight_hh_l0", ofWeights(DNNL_ARG_DIFF_WEIGHTS_ITER, H, G));
      print("dbias_ih_l0", ofWeights(DNNL_ARG_DIFF_BIAS, 1, biases));
    }
    printf("}}\n");
  }
};

static double milliseconds(std::chrono::steady_clock::time_point since) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - since).count();
}

int main() {
  std::unique_ptr<Layer> ready;
  std::string key, line;
  while (std::getline(std::cin, line)) {
    const std::string work = text(line, "work"), cell = text(line, "cell");
    if (work == "about") {
      const auto *v = dnnl_version();
      printf("{\"about\": \"version %d.%d.%d%s\"}\n", v->major, v->minor, v->patch, get_effective_cpu_isa() >= cpu_isa::avx512_core ? ", AVX512" : "");
    } else if (cell != "lstm" && cell != "gru" && cell != "gru-before" && cell != "elman") {
      printf("{\"unsupported\": \"oneDNN has no cell '%s'\"}\n", cell.c_str());
    } else if (std::stoi(text(line, "threads")) != omp_get_max_threads()) {
      printf("{\"unsupported\": \"set OMP_NUM_THREADS to %s before it starts\"}\n", text(line, "threads").c_str());
    } else if (work == "values") {
      Layer(line).values();
    } else {
      std::string of;
      for (const char *name : {"cell", "mode", "T", "B", "I", "H"}) of += text(line, name) + " ";
      if (of != key) {
        ready.reset();
        ready = std::make_unique<Layer>(line);
        key = of;
      }
      const double limit = 1e3 * std::stod(text(line, "seconds"));
      const auto start = std::chrono::steady_clock::now();
      printf("{\"milliseconds\": [");
      for (bool first = true; first || milliseconds(start) < limit; first = false) {
        const auto before = std::chrono::steady_clock::now();
        ready->step();
        printf("%s%.6f", first ? "" : ", ", milliseconds(before));
      }
      printf("]}\n");
    }
    fflush(stdout);
  }
}
