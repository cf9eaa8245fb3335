#include "vector/candidate_pool.h"

#include <algorithm>

namespace agentmemdb {

void CandidatePool::Reset(uint32_t most) {
  most_ = most;
  padded_ = (most_ + kBlock - 1) / kBlock * kBlock;
  const size_t wanted = kBlock + padded_ + kBlock;  // One at least stays kNone behind the last.
  if (wanted > room_) {
    memory_.reset(static_cast<Key*>(::operator new (wanted * sizeof(Key), std::align_val_t{kAlignment})));
    room_ = wanted;
    std::fill_n(memory_.get(), kBlock, INT64_MIN);
    keys_ = memory_.get() + kBlock;
  }
  std::fill_n(keys_, padded_ + kBlock, kNone);
  next_ = 0;
}

void CandidatePool::CopyTo(std::vector<Candidate>* candidates) const {
  candidates->clear();
  for (const Key* key = keys_; *key != kNone; ++key) candidates->push_back(CandidateOf(*key));
}

}  // namespace agentmemdb
