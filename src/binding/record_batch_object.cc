#include "binding/record_batch_object.h"

#include <algorithm>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "binding/args.h"
#include "binding/collection_object.h"
#include "binding/environment.h"
#include "binding/js_error.h"

namespace agentmemdb::binding {
namespace {

// One field of all records, or nothing.
class Column {
 public:
  explicit Column(Napi::Value values) : values_(values), is_there_(values.IsArray()) {}

  std::optional<Napi::Value> operator[](uint32_t i) const {
    if (!is_there_) return std::nullopt;
    const Napi::Value value = values_.As<Napi::Array>().Get(i);
    const napi_valuetype type = value.Type();
    return type == napi_undefined || type == napi_null ? std::nullopt : std::optional(value);
  }

 private:
  Napi::Value values_;
  bool is_there_;
};

}  // namespace

struct RecordBatchObject::Columns {
  explicit Columns(const Napi::CallbackInfo& info)
      : ids(info[1]), vectors(info[2]), texts(info[3]), metadatas(info[4]), expires_ats(info[5]), ttls(info[6]) {}

  Column ids, vectors, texts, metadatas, expires_ats, ttls;
};

Napi::Function RecordBatchObject::Define(Napi::Env env) {
  using Self = RecordBatchObject;
  return DefineClass(env, "RecordBatch",
                     {InstanceMethod<&Self::Reserve>("reserve"), InstanceMethod<&Self::SetMatrix>("setMatrix"),
                      InstanceMethod<&Self::Append>("append"), InstanceMethod<&Self::Drop>("drop")});
}

RecordBatchObject::RecordBatchObject(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<RecordBatchObject>(info),
      lane_(Environment::Of(info.Env()).lane),
      method_(info[1].ToString()),
      bounded_(info[2].ToBoolean()) {
  const CollectionObject* collection = CollectionObject::Read(info[0]);
  if (collection == nullptr) throw Napi::TypeError::New(info.Env(), "use Collection.addMany()");
  input_ = InputBytes(collection->handle());
}

RecordBatchObject::~RecordBatchObject() { Drop(); }

RecordBatchObject* RecordBatchObject::Read(Napi::Value value) {
  if (!value.IsObject()) return nullptr;
  const Napi::Object object = value.As<Napi::Object>();
  if (!object.InstanceOf(Environment::Of(value.Env()).record_batch_class.Value())) return nullptr;
  return Unwrap(object);
}

// drop(): lets go of what was gathered and not handed over.
void RecordBatchObject::Drop() {
  if (!batch_.records.empty()) lane_->Retire(std::make_shared<RecordBatch>(std::move(batch_)));
  batch_ = RecordBatch();
  matrix_.Reset();
  row_floats_ = 0;
  input_.Release();
}

void RecordBatchObject::Refuse(Napi::Env env, const Status& status) {
  Drop();
  napi_throw(env, ToJsError(env, method_.c_str(), status));
}

Status RecordBatchObject::CheckGathered() {
  RETURN_IF_ERROR(CheckBatchBytes(input_, "records"));
  return bounded_ ? CheckRoom(input_.handle(), input_) : Status();
}

// reserve(count): makes room for all records at once. Growing would move all of them in one step.
void RecordBatchObject::Reserve(const Napi::CallbackInfo& info) {
  const auto count = static_cast<size_t>(info[0].ToNumber().Int64Value());
  if (Status status = CheckBatchCount(*input_.handle(), count, "records"); !status.ok())
    return Refuse(info.Env(), status);
  batch_.records.reserve(count);
}

// setMatrix(matrix, rows): the vectors of all records to be appended, row after row. Not copied.
void RecordBatchObject::SetMatrix(const Napi::CallbackInfo& info) {
  const std::optional<VectorView> view = ReadVector(info[0]);
  const uint32_t rows = info[1].ToNumber().Uint32Value();
  if (!view) return Refuse(info.Env(), Status::InvalidArgument("records.vectors", "must be a Float32Array"));
  if (rows == 0 || view->empty() || view->size() % rows != 0)
    return Refuse(info.Env(),
                  Status::InvalidArgument("records.vectors", "must hold records x dimensions numbers; got " +
                                                                 std::to_string(view->size()) + " for " +
                                                                 std::to_string(rows) + " records"));
  input_.Add(view->size_bytes());
  if (Status status = CheckGathered(); !status.ok()) return Refuse(info.Env(), status);
  matrix_ = Napi::Persistent(info[0].As<Napi::Object>());
  matrix_view_ = *view;
  row_floats_ = view->size() / rows;
}

// append(count, ids, vectors, texts, metadatas, expiresAts, ttls): columns of `count`, each undefined when no record has any.
// Returns the ids made for records that came without, undefined elsewhere.
Napi::Value RecordBatchObject::Append(const Napi::CallbackInfo& info) {
  const StepTimer step(info.Env());
  const uint32_t count = info[0].ToNumber().Uint32Value();
  Napi::Array new_ids = Napi::Array::New(info.Env());
  const Columns columns(info);
  Status status;
  for (uint32_t i = 0; i < count && status.ok(); ++i) status = AppendOne(columns, i, &new_ids);
  if (status.ok()) status = CheckGathered();
  if (!status.ok()) Refuse(info.Env(), status);
  return new_ids;
}

Status RecordBatchObject::AppendOne(const Columns& columns, uint32_t i, Napi::Array* new_ids) {
  const Napi::HandleScope scope(new_ids->Env());
  const auto wrong = [&](const char* field, const char* message) {
    return Status::InvalidArgument("records[" + std::to_string(batch_.records.size()) + "]" + field, message);
  };
  RecordInput record;
  if (const auto id = columns.ids[i]; !id) {
    record.new_id = true;
    record.id = NewUuidV7(NowMs());
    new_ids->Set(i, record.id);
  } else if (std::optional<std::string> given = ReadString(*id)) {
    record.id = std::move(*given);
  } else {
    return wrong(".id", "must be a string");
  }
  const auto text = columns.texts[i], metadata = columns.metadatas[i];
  if (text && !(record.text = ReadString(*text))) return wrong(".text", "must be a string");
  if (metadata && !(record.metadata = ReadString(*metadata))) return wrong(".metadata", "must be JSON text");
  const auto expires_at = columns.expires_ats[i], ttl_ms = columns.ttls[i];
  if (expires_at && !(record.expires_at = ReadWhole(*expires_at))) return wrong(".expiresAt", "must be a whole number");
  if (ttl_ms && !(record.ttl_ms = ReadWhole(*ttl_ms))) return wrong(".ttlMs", "must be a whole number");
  if (const auto vector = columns.vectors[i]; vector && row_floats_ == 0) {
    const std::optional<VectorView> view = ReadVector(*vector);
    if (!view || view->empty()) return wrong(".vector", "must be a Float32Array or an array of numbers, not empty");
    batch_.vectors.push_back(std::make_unique<float[]>(view->size()));
    std::copy(view->begin(), view->end(), batch_.vectors.back().get());
    record.vector = VectorView(batch_.vectors.back().get(), view->size());
  }
  input_.Add(record.bytes());
  if (row_floats_ != 0) {  // Counted when the matrix was set.
    const size_t offset = batch_.records.size() * row_floats_;
    if (offset + row_floats_ > matrix_view_.size()) return wrong(".vector", "is missing from the matrix");
    record.vector = matrix_view_.subspan(offset, row_floats_);
  }
  batch_.records.push_back(std::move(record));
  return {};
}

Status RecordBatchObject::Take(RecordBatch* batch, Napi::ObjectReference* matrix, InputBytes* input) {
  if (row_floats_ != 0) {
    const std::optional<VectorView> now = ReadVector(matrix_.Value());
    if (!now || now->data() != matrix_view_.data() || now->size() != matrix_view_.size())
      return Status::InvalidArgument("records.vectors", "was detached or resized during the call");
  }
  *batch = std::move(batch_);
  *matrix = std::move(matrix_);
  *input = std::move(input_);
  batch_ = RecordBatch();
  row_floats_ = 0;
  return {};
}

}  // namespace agentmemdb::binding
