// SPDX-License-Identifier: Apache-2.0
// Do a method and a path name the operation that the model means, and no other?
#include "wire/uri_template.h"

#include <gtest/gtest.h>

#include "generated/ebs/model.h"

namespace coffer::wire {
namespace {

std::string labels_of(std::string_view uri_template, std::string_view path) {
  const auto labels = match_path(uri_template, path);
  if (!labels) return "no match";
  std::string text;
  for (const auto& [name, value] : *labels) text += std::string(name) + "=" + value + ";";
  return text;
}

TEST(MatchPath, TakesLabelsAndDecodesThem) {
  EXPECT_EQ(labels_of("/a", "/a"), "");
  EXPECT_EQ(labels_of("/", "/"), "");
  EXPECT_EQ(labels_of("/a/{x}/b/{y}", "/a/1/b/2"), "x=1;y=2;");
  EXPECT_EQ(labels_of("/a/{x}", "/a/one%20%2f%C3%A9+"), "x=one /é+;");
  EXPECT_EQ(labels_of("/a/{x}", "/%61/1"), "x=1;");
}

TEST(MatchPath, ASlashAtTheEndCountsNothing) {
  EXPECT_EQ(labels_of("/tags/{x}/", "/tags/1"), "x=1;");
  EXPECT_EQ(labels_of("/tags/{x}", "/tags/1/"), "x=1;");
}

TEST(MatchPath, AGreedyLabelTakesWhatItCan) {
  EXPECT_EQ(labels_of("/{bucket}/{key+}", "/b/one/two%2Fthree"), "bucket=b;key=one/two/three;");
  EXPECT_EQ(labels_of("/a/{path+}/z", "/a/1/2/z"), "path=1/2;");
  EXPECT_EQ(labels_of("/a/{path+}/z", "/a/z"), "no match");
}

TEST(MatchPath, RefusesOtherPaths) {
  for (const char* path : {"/a", "/a/1/2", "/b/1", "a/1", "", "/a//", "/a//1", "//a/1", "/a/1//", "/a/.",
                           "/a/..", "/a/./1", "/b/../a/1", "/a/%zz", "/a/%ff", "/a/%"})
    EXPECT_EQ(labels_of("/a/{x}", path), "no match") << path;
  // What is encoded is text, no step in the path.
  EXPECT_EQ(labels_of("/a/{x}", "/a/%2e%2e"), "x=..;");
}

TEST(MatchPath, IsBounded) {
  std::string path;
  for (size_t i = 0; i < kMostPathSegments; ++i) path += "/1";
  EXPECT_TRUE(match_path("/{all+}", path));
  EXPECT_FALSE(match_path("/{all+}", path + "/1"));
}

std::string operation_of(std::string_view method, std::string_view path) {
  const auto* operation = find_http_operation(ebs::model(), method, path, "");
  return operation == nullptr ? "none" : std::string(operation->name);
}

TEST(FindHttpOperation, FindsEachOfEbs) {
  EXPECT_EQ(operation_of("POST", "/snapshots"), "StartSnapshot");
  EXPECT_EQ(operation_of("GET", "/snapshots/snap-1/blocks"), "ListSnapshotBlocks");
  EXPECT_EQ(operation_of("GET", "/snapshots/snap-1/changedblocks"), "ListChangedBlocks");
  EXPECT_EQ(operation_of("GET", "/snapshots/snap-1/blocks/7"), "GetSnapshotBlock");
  EXPECT_EQ(operation_of("PUT", "/snapshots/snap-1/blocks/7"), "PutSnapshotBlock");
  EXPECT_EQ(operation_of("POST", "/snapshots/completion/snap-1"), "CompleteSnapshot");
}

TEST(FindHttpOperation, FindsNoneForOtherMethodsAndPaths) {
  EXPECT_EQ(operation_of("DELETE", "/snapshots/snap-1/blocks/7"), "none");
  EXPECT_EQ(operation_of("get", "/snapshots/snap-1/blocks"), "none");
  EXPECT_EQ(operation_of("POST", "/"), "none");
  EXPECT_EQ(operation_of("GET", "/snapshots/snap-1/blocks/7/8"), "none");
  EXPECT_EQ(find_http_operation(ebs::model(), "POST", "/snapshots", "%zz"), nullptr);
}

TEST(FindHttpOperation, TakesTheOneThatSaysMore) {
  const Operation operations[] = {
      {.name = "Get", .http = {.method = "GET", .uri = "/{name}"}},
      {.name = "GetTags", .http = {.method = "GET", .uri = "/{name}?tags"}},
      {.name = "GetList", .http = {.method = "GET", .uri = "/list"}},
      {.name = "GetTyped", .http = {.method = "GET", .uri = "/{name}?list-type=2"}},
  };
  ServiceModel model{};
  model.operations = operations;
  const auto name = [&](std::string_view path, std::string_view query) {
    return find_http_operation(model, "GET", path, query)->name;
  };
  EXPECT_EQ(name("/a", ""), "Get");
  EXPECT_EQ(name("/a", "tags"), "GetTags");
  EXPECT_EQ(name("/a", "other=1&tags="), "GetTags");
  EXPECT_EQ(name("/list", ""), "GetList");
  EXPECT_EQ(name("/list", "tags"), "GetTags");
  EXPECT_EQ(name("/a", "list-type=2"), "GetTyped");
  EXPECT_EQ(name("/a", "list-type=1"), "Get");
}

}  // namespace
}  // namespace coffer::wire
