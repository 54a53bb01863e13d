// The least C++ server that offers the contract, on a completion queue of gRPC, which one thread serves: Dial answers
// at once and keeps nothing, WatchCalls sends one message for each change to each watcher, as one writes it by hand.
// There is no journal and no resuming. It behaves as the Go peer does, but that a watcher who left is noticed at the
// next write.
//
// Changes go through the queue as well: written by another thread, or with the callback API, a delivery to 1,000
// watchers costs twice as much, as the threads wake each other.
#include <arpa/inet.h>
#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <unordered_set>

#include "dialbridge/v1/call_service.grpc.pb.h"

namespace {

namespace v1 = dialbridge::v1;
using Message = std::shared_ptr<const v1::WatchCallsResponse>;

constexpr int kDials = 64;  // so many can come at once without waiting for one to be asked for

class Watcher;

struct Server {
  v1::CallService::AsyncService service;
  std::unique_ptr<grpc::ServerCompletionQueue> queue;
  std::unordered_set<Watcher*> watchers;
  Message first;
  Message change;
};

// What has one operation under way at a time, of which it is the tag.
class Operation {
 public:
  virtual ~Operation() = default;
  virtual void Done(bool good) = 0;
};

class Dial final : public Operation {
 public:
  explicit Dial(Server* server) : server_(server), answer_(&context_) {
    auto* queue = server_->queue.get();
    server_->service.RequestDial(&context_, &request_, &answer_, queue, queue, this);
  }

  void Done(bool good) override {
    if (answered_ || !good) {
      delete this;
      return;
    }
    new Dial(server_);
    answered_ = true;
    if (request_.destination().empty() || request_.device_id().empty()) {
      answer_.FinishWithError({grpc::StatusCode::INVALID_ARGUMENT, "device_id and destination are needed"}, this);
    } else {
      v1::DialResponse response;
      response.mutable_call()->set_id("00000000000000000000000000000001");
      answer_.Finish(response, grpc::Status::OK, this);
    }
  }

 private:
  Server* const server_;
  grpc::ServerContext context_;
  v1::DialRequest request_;
  grpc::ServerAsyncResponseWriter<v1::DialResponse> answer_;
  bool answered_ = false;
};

// One stream: a write at a time, and what has to wait for it.
class Watcher final : public Operation {
 public:
  explicit Watcher(Server* server) : server_(server), stream_(&context_) {
    auto* queue = server_->queue.get();
    server_->service.RequestWatchCalls(&context_, &request_, &stream_, queue, queue, this);
  }

  void Tell(const Message& message) {
    waiting_.push_back(message);
    if (waiting_.size() == 1) stream_.Write(*message, this);
  }

  void Done(bool good) override {
    if (ended_ || (!began_ && !good)) {
      delete this;
    } else if (!began_) {
      new Watcher(server_);
      began_ = true;
      Tell(server_->first);
      server_->watchers.insert(this);
    } else if (!good) {
      ended_ = true;
      server_->watchers.erase(this);
      stream_.Finish(grpc::Status::CANCELLED, this);
    } else {
      waiting_.pop_front();
      if (!waiting_.empty()) stream_.Write(*waiting_.front(), this);
    }
  }

 private:
  Server* const server_;
  grpc::ServerContext context_;
  v1::WatchCallsRequest request_;
  grpc::ServerAsyncWriter<v1::WatchCallsResponse> stream_;
  std::deque<Message> waiting_;  // the first is being written
  bool began_ = false;
  bool ended_ = false;
};

// Changes that were asked for, on their way to the thread of the queue.
class Changes final : public Operation {
 public:
  Changes(Server* server, int64_t count) : server_(server), count_(count) {
    alarm_.Set(server->queue.get(), gpr_now(GPR_CLOCK_MONOTONIC), this);
  }

  void Done(bool) override {
    for (; count_ > 0; count_--) {
      for (Watcher* watcher : server_->watchers) watcher->Tell(server_->change);
    }
    delete this;
  }

 private:
  Server* const server_;
  int64_t count_;
  grpc::Alarm alarm_;
};

void Serve(Server* server) {
  for (int number = 0; number < kDials; number++) new Dial(server);
  new Watcher(server);
  void* tag;
  for (bool good; server->queue->Next(&tag, &good);) static_cast<Operation*>(tag)->Done(good);
}

Message SnapshotEnd() {
  auto message = std::make_shared<v1::WatchCallsResponse>();
  message->mutable_snapshot_end();
  return message;
}

Message Change(int filler) {
  auto message = std::make_shared<v1::WatchCallsResponse>();
  v1::StatusChange* change = message->mutable_changes()->add_status_changes();
  change->set_position(int64_t{1} << 50);
  change->set_resume_token("0123456789abcdef01234567");
  v1::Call* call = change->mutable_call();
  call->set_id("00000000000000000000000000000001");
  call->set_device_id("27edd22a-8413-5188-a764-f456cc68ad98");
  call->set_conn_id("0000000000000000");
  call->set_state(v1::CALL_STATE_ESTABLISHED);
  call->set_dnis("5001");
  call->set_user_name("bench");
  call->set_device_number("7000");
  call->set_call_type(v1::CALL_TYPE_INTERNAL);
  v1::Party* party = call->add_participants();
  party->set_phone_number("5001");
  party->set_formatted_phone_number("5001");
  party->set_digits("5001");
  v1::UserDataPair* pair = call->mutable_user_data()->add_pairs();
  pair->set_key("Filler");
  pair->mutable_value()->set_string_value(std::string(filler, 'x'));
  return message;
}

int Fail(const char* what) {
  std::perror(what);
  return 1;
}

// Asks for one change for each line that comes.
void Publish(int control, Server* server) {
  for (int connection; (connection = accept(control, nullptr, nullptr)) >= 0; close(connection)) {
    char lines[65536];
    for (ssize_t count; (count = read(connection, lines, sizeof lines)) > 0;) {
      new Changes(server, std::count(lines, lines + count, '\n'));
    }
  }
}

}  // namespace

int main(int count, char** words) {
  Server server;
  server.first = SnapshotEnd();
  server.change = Change(count > 1 ? std::atoi(words[1]) : 0);
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&server.service);
  server.queue = builder.AddCompletionQueue();
  const std::unique_ptr<grpc::Server> listening = builder.BuildAndStart();
  if (!listening) return Fail("gRPC");
  std::thread(Serve, &server).detach();

  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const int control = socket(AF_INET, SOCK_STREAM, 0);
  if (control < 0 || bind(control, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(control, 16) != 0 ||
      getsockname(control, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return Fail("control");
  }
  std::thread(Publish, control, &server).detach();
  std::printf("{\"grpc\": \"127.0.0.1:%d\", \"control\": \"127.0.0.1:%d\"}\n", port, ntohs(address.sin_port));
  std::fflush(stdout);
  for (char rest[4096]; read(STDIN_FILENO, rest, sizeof rest) > 0;) {
  }
  std::_Exit(0);  // the streams need no farewell
}
