package dialbridge

import (
	"context"
	"encoding/base64"
)

// Credentials prove a caller to the server. Printing them shows no secret.
type Credentials struct {
	authorization string
}

// Basic is a login name and a password.
func Basic(userName, password string) Credentials {
	return Credentials{"Basic " + base64.StdEncoding.EncodeToString([]byte(userName+":"+password))}
}

// Bearer is an access token, as SignIn gives it.
func Bearer(token string) Credentials {
	return Credentials{"Bearer " + token}
}

// GetRequestMetadata is the metadata of every request.
func (c Credentials) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": c.authorization}, nil
}

// RequireTransportSecurity is false because [Plaintext] has to be asked for already.
func (c Credentials) RequireTransportSecurity() bool {
	return false
}

// String hides the secret.
func (c Credentials) String() string {
	return "Credentials"
}

// GoString hides the secret.
func (c Credentials) GoString() string {
	return c.String()
}
