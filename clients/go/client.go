// Package dialbridge dials, watches and controls the calls of a dialbridge server.
//
// Messages are those of the contract, in package dialbridge/v1. Every error that a method returns is an [*Error].
package dialbridge

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"io"
	mathrand "math/rand/v2"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/protobuf/proto"

	v1 "dialbridge/v1"
)

const (
	// DialWithin is the deadline of a Dial whose context has none, repetitions included.
	DialWithin = 30 * time.Second
	// AnswerWithin is the deadline of any other request whose context has none.
	AnswerWithin = 10 * time.Second
)

// Client is one user's view of one server. It may be used by many goroutines at once.
type Client struct {
	connection io.Closer
	closed     context.Context
	close      context.CancelFunc
	calls      v1.CallServiceClient
	users      v1.UserServiceClient
	spread     func() float64
	sleep      func(context.Context, time.Duration) error
}

// Connect makes a client for target, HOST:PORT. The connection is made with TLS and the certificates of the system,
// and when it is first needed. Options come after the client's own: [Plaintext], [TLS], or any other of gRPC.
func Connect(target string, user Credentials, options ...grpc.DialOption) (*Client, error) {
	standard := []grpc.DialOption{
		TLS(&tls.Config{MinVersion: tls.VersionTLS12}),
		grpc.WithPerRPCCredentials(user),
		grpc.WithUnaryInterceptor(answer),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 20 * time.Second, Timeout: 10 * time.Second}),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: shortestPause, Multiplier: 2, Jitter: 0.5, MaxDelay: longestPause},
			MinConnectTimeout: AnswerWithin,
		}),
	}
	connection, err := grpc.NewClient(target, append(standard, options...)...)
	if err != nil {
		return nil, errorOf(err)
	}
	closed, cancel := context.WithCancel(context.Background())
	return &Client{
		connection: connection,
		closed:     closed,
		close:      cancel,
		calls:      v1.NewCallServiceClient(connection),
		users:      v1.NewUserServiceClient(connection),
		spread:     mathrand.Float64,
		sleep:      sleep,
	}, nil
}

// TLS connects with a configuration of one's own, such as other root certificates.
func TLS(config *tls.Config) grpc.DialOption {
	return grpc.WithTransportCredentials(credentials.NewTLS(config))
}

// Plaintext connects without TLS: credentials and calls can be read on the way.
func Plaintext() grpc.DialOption {
	return grpc.WithTransportCredentials(insecure.NewCredentials())
}

// Close ends the connection and everything that runs over it, watches too.
func (c *Client) Close() error {
	c.close()
	return c.connection.Close()
}

// Dial dials once: the request is sent again when no answer came, always under the same request_id, which is made up
// where the request has none. An outcome that nobody knows is returned as DIAL_OUTCOME_UNKNOWN; asking again with its
// request_id is safe.
func (c *Client) Dial(ctx context.Context, request *v1.DialRequest) (*v1.DialResponse, error) {
	ctx, cancel := within(ctx, DialWithin)
	defer cancel()
	if request.GetRequestId() == "" {
		request = proto.CloneOf(request)
		request.RequestId = rand.Text()
	}
	for attempt := 1; ; attempt++ {
		response, err := c.calls.Dial(ctx, request)
		if err == nil {
			return response, nil
		}
		failed := errorOf(err)
		step := afterDial(failed, attempt, c.spread())
		if ends, _ := ctx.Deadline(); step.next == giveUp || time.Until(ends) <= step.pause {
			return nil, failed
		}
		if c.sleep(ctx, step.pause) != nil {
			return nil, failed
		}
	}
}

// CurrentUser returns the user, the user's devices and features.
func (c *Client) CurrentUser(ctx context.Context) (*v1.GetCurrentUserResponse, error) {
	return c.users.GetCurrentUser(ctx, &v1.GetCurrentUserRequest{})
}

// SignIn returns an access token to use in place of the password.
func (c *Client) SignIn(ctx context.Context) (*v1.SignInResponse, error) {
	return c.users.SignIn(ctx, &v1.SignInRequest{})
}

// GetCall returns one live call.
func (c *Client) GetCall(ctx context.Context, callID string) (*v1.Call, error) {
	response, err := c.calls.GetCall(ctx, &v1.GetCallRequest{CallId: callID})
	return response.GetCall(), err
}

// ListCalls returns all live calls that the user may see and that only, which may be nil, lets through.
func (c *Client) ListCalls(ctx context.Context, only *v1.CallFilter) ([]*v1.Call, error) {
	var found []*v1.Call
	request := &v1.ListCallsRequest{Filter: only}
	for {
		page, err := c.calls.ListCalls(ctx, request)
		if err != nil {
			return nil, err
		}
		found = append(found, page.Calls...)
		if page.NextPageToken == "" {
			return found, nil
		}
		request.PageToken = page.NextPageToken
	}
}

// Answer answers a ringing call.
func (c *Client) Answer(ctx context.Context, callID string) error {
	_, err := c.calls.Answer(ctx, &v1.AnswerRequest{CallId: callID})
	return err
}

// Hangup hangs up.
func (c *Client) Hangup(ctx context.Context, callID string) error {
	_, err := c.calls.Hangup(ctx, &v1.HangupRequest{CallId: callID})
	return err
}

// SendDTMF sends digits to the other party.
func (c *Client) SendDTMF(ctx context.Context, callID, digits string) error {
	_, err := c.calls.SendDtmf(ctx, &v1.SendDtmfRequest{CallId: callID, Digits: digits})
	return err
}

// AttachUserData adds pairs, also where a key is there already.
func (c *Client) AttachUserData(ctx context.Context, callID string, data *v1.UserData) error {
	_, err := c.calls.AttachUserData(ctx, &v1.AttachUserDataRequest{CallId: callID, UserData: data})
	return err
}

// UpdateUserData adds pairs and overwrites those whose key is there already.
func (c *Client) UpdateUserData(ctx context.Context, callID string, data *v1.UserData) error {
	_, err := c.calls.UpdateUserData(ctx, &v1.UpdateUserDataRequest{CallId: callID, UserData: data})
	return err
}

// DeleteUserData removes all user data.
func (c *Client) DeleteUserData(ctx context.Context, callID string) error {
	_, err := c.calls.DeleteUserData(ctx, &v1.DeleteUserDataRequest{CallId: callID})
	return err
}

// DeleteUserDataPair removes the pairs with one key.
func (c *Client) DeleteUserDataPair(ctx context.Context, callID, key string) error {
	_, err := c.calls.DeleteUserDataPair(ctx, &v1.DeleteUserDataPairRequest{CallId: callID, Key: key})
	return err
}

// answer gives every request a deadline and every error its type.
func answer(
	ctx context.Context, method string, request, response any, connection *grpc.ClientConn,
	invoke grpc.UnaryInvoker, options ...grpc.CallOption,
) error {
	ctx, cancel := within(ctx, AnswerWithin)
	defer cancel()
	if err := invoke(ctx, method, request, response, connection, options...); err != nil {
		return errorOf(err)
	}
	return nil
}

func within(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	if _, has := ctx.Deadline(); has {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, timeout)
}

func sleep(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
