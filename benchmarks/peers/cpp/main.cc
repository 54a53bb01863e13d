// The least C++ server that offers the contract, on the callback API of gRPC: Dial answers at once and keeps nothing,
// WatchCalls sends one message for each change to each watcher, as one writes it by hand. There is no journal and no
// resuming. It behaves as the Go peer does.
#include <arpa/inet.h>
#include <grpcpp/grpcpp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_set>

#include "dialbridge/v1/call_service.grpc.pb.h"

namespace {

namespace v1 = dialbridge::v1;
using Message = std::shared_ptr<const v1::WatchCallsResponse>;

class Watcher;

// Everybody who watches; outlives them.
class Watchers {
 public:
  void Add(Watcher* watcher) {
    std::lock_guard<std::mutex> lock(mutex_);
    all_.insert(watcher);
  }

  void Remove(Watcher* watcher) {
    std::lock_guard<std::mutex> lock(mutex_);
    all_.erase(watcher);
  }

  void Tell(const Message& message);

 private:
  std::mutex mutex_;
  std::unordered_set<Watcher*> all_;
};

// One stream: a write at a time, and what has to wait for it.
class Watcher : public grpc::ServerWriteReactor<v1::WatchCallsResponse> {
 public:
  Watcher(Watchers* watchers, Message first) : watchers_(watchers) {
    watchers_->Add(this);
    Tell(first);
  }

  void Tell(const Message& message) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (over_) return;
    waiting_.push_back(message);
    if (waiting_.size() == 1) StartWrite(message.get());
  }

  void OnWriteDone(bool good) override {
    std::lock_guard<std::mutex> lock(mutex_);
    waiting_.pop_front();
    if (!good) {
      End();
    } else if (!over_ && !waiting_.empty()) {
      StartWrite(waiting_.front().get());
    }
  }

  void OnCancel() override {
    std::lock_guard<std::mutex> lock(mutex_);
    End();
  }

  void OnDone() override {
    watchers_->Remove(this);
    delete this;
  }

 private:
  void End() {
    if (over_) return;
    over_ = true;
    Finish(grpc::Status::CANCELLED);
  }

  Watchers* const watchers_;
  std::mutex mutex_;
  std::deque<Message> waiting_;  // the first is being written
  bool over_ = false;
};

void Watchers::Tell(const Message& message) {
  std::lock_guard<std::mutex> lock(mutex_);
  for (Watcher* watcher : all_) watcher->Tell(message);
}

class Service : public v1::CallService::CallbackService {
 public:
  explicit Service(Watchers* watchers) : watchers_(watchers) {
    auto first = std::make_shared<v1::WatchCallsResponse>();
    first->mutable_snapshot_end();
    first_ = first;
  }

  grpc::ServerUnaryReactor* Dial(grpc::CallbackServerContext* context, const v1::DialRequest* request,
                                 v1::DialResponse* answer) override {
    auto* reactor = context->DefaultReactor();
    if (request->destination().empty() || request->device_id().empty()) {
      reactor->Finish({grpc::StatusCode::INVALID_ARGUMENT, "device_id and destination are needed"});
    } else {
      answer->mutable_call()->set_id("00000000000000000000000000000001");
      reactor->Finish(grpc::Status::OK);
    }
    return reactor;
  }

  grpc::ServerWriteReactor<v1::WatchCallsResponse>* WatchCalls(grpc::CallbackServerContext*,
                                                               const v1::WatchCallsRequest*) override {
    return new Watcher(watchers_, first_);
  }

 private:
  Watchers* const watchers_;
  Message first_;
};

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

// Publishes one change for each line that comes.
void Publish(int control, Watchers* watchers, const Message& change) {
  for (int connection; (connection = accept(control, nullptr, nullptr)) >= 0; close(connection)) {
    char lines[65536];
    for (ssize_t count; (count = read(connection, lines, sizeof lines)) > 0;) {
      for (auto left = std::count(lines, lines + count, '\n'); left > 0; left--) watchers->Tell(change);
    }
  }
}

}  // namespace

int main(int count, char** words) {
  const Message change = Change(count > 1 ? std::atoi(words[1]) : 0);
  Watchers watchers;
  Service service(&watchers);
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (!server) return Fail("gRPC");

  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const int control = socket(AF_INET, SOCK_STREAM, 0);
  if (control < 0 || bind(control, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(control, 16) != 0 ||
      getsockname(control, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return Fail("control");
  }
  std::thread(Publish, control, &watchers, change).detach();
  std::printf("{\"grpc\": \"127.0.0.1:%d\", \"control\": \"127.0.0.1:%d\"}\n", port, ntohs(address.sin_port));
  std::fflush(stdout);
  for (char rest[4096]; read(STDIN_FILENO, rest, sizeof rest) > 0;) {
  }
  std::_Exit(0);  // the streams need no farewell
}
