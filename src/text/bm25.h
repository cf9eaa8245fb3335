// Okapi BM25 as Lucene computes it: Robertson et al., TREC-3 (1994); idf with +1 so that it is never negative.
//
//   score = sum over terms of  weight * idf * tf (k1 + 1) / (tf + k1 (1 - b + b length / average))
//   idf   = ln(1 + (N - n + 0.5) / (n + 0.5)),  n of N texts have the term
#pragma once

#include <cmath>
#include <cstdint>

namespace agentmemdb {

constexpr float kBm25K1 = 1.2f, kBm25B = 0.75f;

inline float Bm25Idf(int64_t texts, int64_t with_term) {
  const auto n = static_cast<double>(with_term);
  return static_cast<float>(std::log(1 + (static_cast<double>(texts) - n + 0.5) / (n + 0.5)));
}

// What length does, for one average length.
struct Bm25Norm {
  explicit Bm25Norm(float average_length)
      : base(kBm25K1 * (1 - kBm25B)), slope(average_length > 0 ? kBm25K1 * kBm25B / average_length : 0) {}

  // In 0..1: tf / (tf + K).
  float Impact(uint32_t frequency, uint32_t length) const {
    const auto tf = static_cast<float>(frequency);
    return tf / (tf + base + slope * static_cast<float>(length));
  }

  float base, slope;
};

}  // namespace agentmemdb
