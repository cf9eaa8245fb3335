// What a commit does to collections as a whole.
#include <algorithm>

#include "engine/commit.h"

namespace agentmemdb {

Status CommitGroup::RunCreate(CreateCollectionOp* op) {
  if (const Collection* existing = FindByName(op->name)) {
    if (!op->open_existing)
      return Status(Code::kAlreadyExists, "there is already a collection '" + op->name + "'; open it with collection()")
          .WithArgument("name");
    op->collection = existing->id();
    op->options = changes_.OptionsOf(*existing);
    RETURN_IF_ERROR(op->request.Agrees(op->options, op->name));
    if (!op->request.Adds(op->options)) return {};
    op->options = op->request.AddedTo(op->options);
    changes_.altered.emplace_back(existing->id(), op->options);
    return {};
  }
  RETURN_IF_ERROR(op->request.ValidateNew());
  op->options = op->request.WithDefaults();
  Result<CollectionId> id = transaction_->InsertCollection(op->name, op->options.ToJson());
  if (!id.ok()) return id.status();
  op->collection = *id;
  changes_.created.push_back(std::make_shared<Collection>(*id, op->name, op->options));
  return {};
}

Status CommitGroup::RunDrop(DeleteCollectionOp* op) {
  const Collection* existing = FindByName(op->name);
  op->deleted = existing != nullptr;
  if (!op->deleted) return {};
  RETURN_IF_ERROR(transaction_->DeleteCollection(existing->id()));
  changes_.dropped.push_back(existing->id());
  return {};
}

Status CommitGroup::RunSetAlpha(const SetAlphaOp& op) {
  Result<Collection*> collection = Find(op.collection);
  if (!collection.ok()) return collection.status();
  CollectionOptions options = changes_.OptionsOf(**collection);
  options.alpha = op.alpha;
  changes_.altered.emplace_back(op.collection, std::move(options));
  return {};
}

bool CommitGroup::Dropped(CollectionId id) const {
  return std::find(changes_.dropped.begin(), changes_.dropped.end(), id) != changes_.dropped.end();
}

Result<Collection*> CommitGroup::Find(CollectionId id) {
  if (Dropped(id)) return Status(Code::kNotFound, "the collection was deleted");
  if (Collection* created = changes_.Created(id); created != nullptr) return created;
  return database_->CollectionBy(id);
}

Collection* CommitGroup::FindByName(const std::string& name) {
  for (const auto& collection : changes_.created) {
    if (collection->name() == name && !Dropped(collection->id())) return collection.get();
  }
  for (const auto& [id, collection] : database_->collections_) {
    if (collection->name() == name && !Dropped(collection->id())) return collection.get();
  }
  return nullptr;
}

}  // namespace agentmemdb
