package console

import (
	"context"
	"fmt"
	"net"
	"os"
)

type connKey struct{}

// WithCaller says who makes the requests of a context: an account, or
// "local:UID" for a user of this machine. The audit trail names them so.
func WithCaller(ctx context.Context, who string) context.Context {
	return context.WithValue(ctx, connKey{}, who)
}

// ConnContext names the caller of a connection: on a Unix socket the user whose
// process is at its other end, else where it comes from. For http.Server.
func ConnContext(ctx context.Context, conn net.Conn) context.Context {
	if c, ok := conn.(*net.UnixConn); ok {
		if uid, err := peerUID(c); err == nil {
			return WithCaller(ctx, fmt.Sprintf("local:%d", uid))
		}
		return WithCaller(ctx, "local:unknown")
	}
	host, _, _ := net.SplitHostPort(conn.RemoteAddr().String())
	return WithCaller(ctx, "address:"+host)
}

// connectedAs is who is at the other end of a connection; a request that came
// over none is made by this process itself.
func connectedAs(ctx context.Context) string {
	if who, ok := ctx.Value(connKey{}).(string); ok {
		return who
	}
	return fmt.Sprintf("local:%d", os.Getuid())
}
