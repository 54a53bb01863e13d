package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const connectMarker = `"/meta/connect"`

// subscriber is one client on a raw socket; what it reads is searched for markers, not decoded, so that one core
// takes more than a server on one core sends.
type subscriber struct {
	number  int
	fd      int
	file    io.Closer
	kind    string // websocket, long-polling, sse
	carry   []byte // the end of what was read, for markers that straddle two reads; a response that is not complete
	connect []byte // what asks for the next events
}

type fanOut struct {
	flags       *flag.FlagSet
	url, path   string
	kind        string
	channel     string
	marker      string
	control     string
	subscribers int
	window      int64
	seconds     float64
	warmUp      float64
	pids        string
	credentials string
	idle        float64
}

func fanOutFlags(name string, arguments []string) *fanOut {
	f := &fanOut{flags: flag.NewFlagSet(name, flag.ExitOnError)}
	f.flags.StringVar(&f.url, "address", "", "host:port of the server")
	f.flags.StringVar(&f.path, "path", "", "path of the endpoint")
	f.flags.StringVar(&f.kind, "transport", "websocket", "websocket or long-polling")
	f.flags.StringVar(&f.channel, "channel", "/bench", "channel to subscribe to")
	f.flags.StringVar(&f.marker, "marker", `"channel":"/bench"`, "what each event contains exactly once")
	f.flags.StringVar(&f.control, "control", "", "host:port that publishes one change for each line")
	f.flags.IntVar(&f.subscribers, "n", 1, "subscribers")
	f.flags.Int64Var(&f.window, "window", 8, "changes on their way at most")
	f.flags.Float64Var(&f.seconds, "seconds", 3, "how long to measure")
	f.flags.Float64Var(&f.warmUp, "warm-up", 0.7, "seconds before")
	f.flags.StringVar(&f.pids, "pids", "", "processes of the server")
	f.flags.StringVar(&f.credentials, "credentials", "", "name:password, where signing in is needed")
	f.flags.Float64Var(&f.idle, "idle", 0, "only hold the sessions for so many seconds and measure memory")
	check(f.flags.Parse(arguments))
	return f
}

func cometd(arguments []string) Result {
	f := fanOutFlags("cometd", arguments)
	cookie := signIn(f.url, f.credentials)
	return f.run(func(number int) *subscriber { return f.join(number, cookie) })
}

func serverSentEvents(arguments []string) Result {
	f := fanOutFlags("sse", arguments)
	cookie := signIn(f.url, f.credentials)
	return f.run(func(number int) *subscriber {
		connection, err := net.Dial("tcp", f.url)
		check(err)
		_, err = fmt.Fprintf(connection, "GET %s HTTP/1.1\r\nHost: %s\r\nCookie: %s\r\n\r\n", f.path, f.url, cookie)
		check(err)
		reader := bufio.NewReader(connection)
		response, err := http.ReadResponse(reader, nil)
		check(err)
		if response.StatusCode != 200 {
			fail("event stream: %s", response.Status)
		}
		return newSubscriber(number, connection, "sse", nil)
	})
}

// signIn gives the cookies with which requests are taken.
func signIn(address, credentials string) string {
	if credentials == "" {
		return ""
	}
	request, err := http.NewRequest("GET", "http://"+address+"/api/v2/me", nil)
	check(err)
	request.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(credentials)))
	response, err := http.DefaultClient.Do(request)
	check(err)
	defer response.Body.Close()
	if response.StatusCode != 200 {
		fail("signing in: %s", response.Status)
	}
	return cookies(response, "")
}

func cookies(response *http.Response, before string) string {
	for _, cookie := range response.Cookies() {
		before += "; " + cookie.Name + "=" + cookie.Value
	}
	return strings.TrimPrefix(before, "; ")
}

func newSubscriber(number int, connection net.Conn, kind string, connect []byte) *subscriber {
	file, err := connection.(*net.TCPConn).File() // a duplicate that the runtime's poller does not watch
	check(err)
	check(connection.Close())
	fd := int(file.Fd())
	check(unix.SetNonblock(fd, true))
	return &subscriber{number: number, fd: fd, file: file, kind: kind, connect: connect}
}

// join shakes hands, subscribes, makes the first connect and leaves the second one held.
func (f *fanOut) join(number int, cookie string) *subscriber {
	connection, err := net.Dial("tcp", f.url)
	check(err)
	reader := bufio.NewReader(connection)
	var ask func(message string) map[string]any
	var write func(body string) []byte
	if f.kind == "websocket" {
		_, err = fmt.Fprintf(connection, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nCookie: %s\r\n\r\n",
			f.path, f.url, cookie)
		check(err)
		response, err := http.ReadResponse(reader, nil)
		check(err)
		if response.StatusCode != 101 {
			fail("websocket: %s", response.Status)
		}
		write = maskedFrame
		ask = func(message string) map[string]any {
			_, err := connection.Write(write(message))
			check(err)
			return first(readFrame(reader), message)
		}
	} else {
		write = func(body string) []byte {
			return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nCookie: %s\r\n"+
				"Content-Length: %d\r\n\r\n%s", f.path, f.url, cookie, len(body), body)
		}
		ask = func(message string) map[string]any {
			_, err := connection.Write(write(message))
			check(err)
			response, err := http.ReadResponse(reader, nil)
			check(err)
			body, err := io.ReadAll(response.Body)
			check(err)
			cookie = cookies(response, cookie)
			return first(body, message)
		}
	}
	client, _ := ask(`[{"id":"1","channel":"/meta/handshake","version":"1.0","minimumVersion":"1.0",` +
		`"supportedConnectionTypes":["` + f.kind + `"]}]`)["clientId"].(string)
	ask(fmt.Sprintf(`[{"id":"2","channel":"/meta/subscribe","clientId":%q,"subscription":%q}]`, client, f.channel))
	ask(fmt.Sprintf(`[{"id":"3","channel":"/meta/connect","clientId":%q,"connectionType":%q,"advice":{"timeout":0}}]`,
		client, f.kind))
	again := write(fmt.Sprintf(`[{"id":"4","channel":"/meta/connect","clientId":%q,"connectionType":%q}]`, client, f.kind))
	_, err = connection.Write(again)
	check(err)
	if reader.Buffered() > 0 {
		fail("unexpected message before the first publish")
	}
	return newSubscriber(number, connection, f.kind, again)
}

func first(body []byte, asked string) map[string]any {
	var messages []map[string]any
	if json.Unmarshal(body, &messages) != nil || len(messages) == 0 || messages[0]["successful"] != true {
		fail("asked: %s\nanswered: %.300s", asked, body)
	}
	return messages[0]
}

func maskedFrame(payload string) []byte {
	frame := []byte{0x81}
	if len(payload) < 126 {
		frame = append(frame, 0x80|byte(len(payload)))
	} else {
		frame = binary.BigEndian.AppendUint16(append(frame, 0x80|126), uint16(len(payload)))
	}
	return append(append(frame, 0, 0, 0, 0), payload...) // a mask of zeros leaves the payload as it is
}

func readFrame(reader *bufio.Reader) []byte {
	for {
		var head [2]byte
		_, err := io.ReadFull(reader, head[:])
		check(err)
		size := int(head[1] & 0x7f)
		if size == 126 {
			var more [2]byte
			_, err = io.ReadFull(reader, more[:])
			check(err)
			size = int(binary.BigEndian.Uint16(more[:]))
		}
		payload := make([]byte, size)
		_, err = io.ReadFull(reader, payload)
		check(err)
		switch head[0] & 0xf {
		case 1:
			return payload
		case 8:
			fail("the server closed the socket: %q", payload)
		}
	}
}

// run lets all subscribers join, then reads them in one loop over epoll.
func (f *fanOut) run(join func(number int) *subscriber) Result {
	pids := pidsOf(f.pids)
	var result Result
	result.RSSBefore = rssOf(pids)
	poll, err := unix.EpollCreate1(0)
	check(err)
	subscribers := make([]*subscriber, f.subscribers)
	for number := range subscribers {
		each := join(number)
		subscribers[number] = each
		check(unix.EpollCtl(poll, unix.EPOLL_CTL_ADD, each.fd,
			&unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(number)}))
	}
	result.RSSAfter = rssOf(pids)
	if f.idle > 0 {
		time.Sleep(time.Duration(f.idle * float64(time.Second)))
		result.Count, result.RSSAfter = int64(f.subscribers), rssOf(pids)
		return result
	}
	p := newPublisher(f.control, f.subscribers, f.window)
	time.Sleep(200 * time.Millisecond)
	p.fill()
	events := make([]unix.EpollEvent, 1024)
	buffer := make([]byte, 1<<20)
	began := time.Now()
	var watch stopwatch
	for {
		ready, err := unix.EpollWait(poll, events, 5000)
		if err == unix.EINTR {
			continue
		}
		check(err)
		now := time.Now()
		if !p.measuring && now.Sub(began).Seconds() > f.warmUp {
			p.measuring = true
			watch = newStopwatch(pids)
		}
		if p.measuring && now.Sub(watch.began).Seconds() > f.seconds {
			break
		}
		if now.Sub(began).Seconds() > f.seconds+f.warmUp+20 || ready == 0 {
			fail("nothing came for five seconds; %d of %d changes are done", p.done, len(p.sent))
		}
		for _, event := range events[:ready] {
			each := subscribers[event.Fd]
			if changes := each.read(buffer, f.marker); changes > 0 {
				if p.measuring {
					result.Messages++
				}
				p.received(each.number, changes, now)
			}
		}
		p.fill()
	}
	watch.read(&result)
	result.Count = p.delivered
	result.Latency = p.latencies.milliseconds()
	return result
}

// read takes what there is and returns how many events it contained; asks for more where the transport wants it.
func (s *subscriber) read(buffer []byte, marker string) int {
	kept := copy(buffer, s.carry)
	count, err := unix.Read(s.fd, buffer[kept:])
	if err == unix.EAGAIN {
		return 0
	}
	check(err)
	if count == 0 {
		fail("the server closed the connection of subscriber %d", s.number)
	}
	data := buffer[:kept+count]
	if s.kind == "long-polling" {
		body, complete := responseBody(data)
		if !complete {
			s.carry = append(s.carry[:0], data...)
			return 0
		}
		s.carry = s.carry[:0]
		s.write(s.connect)
		return bytes.Count(body, []byte(marker))
	}
	changes := bytes.Count(data, []byte(marker))
	if s.kind == "websocket" && bytes.Contains(data, []byte(connectMarker)) {
		s.write(s.connect)
	}
	s.carry = append(s.carry[:0], tailFor(data, marker)...)
	if len(s.carry) == 0 && s.kind == "websocket" {
		s.carry = append(s.carry, tailFor(data, connectMarker)...)
	}
	return changes
}

// tailFor is the longest end of data that may begin a marker; a whole marker is never in it.
func tailFor(data []byte, marker string) []byte {
	for size := min(len(data), len(marker)-1); size > 0; size-- {
		tail := data[len(data)-size:]
		if string(tail) == marker[:size] {
			return tail
		}
	}
	return nil
}

func (s *subscriber) write(data []byte) {
	if _, err := unix.Write(s.fd, data); err != nil {
		fail("subscriber %d cannot write: %v", s.number, err)
	}
}

// responseBody is the body of an HTTP response that came completely.
func responseBody(data []byte) ([]byte, bool) {
	end := bytes.Index(data, []byte("\r\n\r\n"))
	if end < 0 {
		return nil, false
	}
	head, body := data[:end+2], data[end+4:]
	if !bytes.HasPrefix(head, []byte("HTTP/1.1 200")) {
		fail("the server answered %s", data[:min(len(data), 400)])
	}
	if at := indexFold(head, "content-length:"); at >= 0 {
		text := head[at+len("content-length:"):]
		size, err := strconv.Atoi(string(bytes.TrimSpace(text[:bytes.IndexByte(text, '\r')])))
		check(err)
		return body, len(body) >= size
	}
	return body, bytes.HasSuffix(body, []byte("\r\n0\r\n\r\n"))
}

func indexFold(head []byte, name string) int {
	return bytes.Index(bytes.ToLower(head), []byte(name))
}
