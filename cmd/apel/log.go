package main

import (
	"os"
	"strings"

	"apel/dialer/console"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

func logLevel(name string) (zapcore.Level, error) {
	switch strings.ToLower(name) {
	case "debug":
		return zap.DebugLevel, nil
	case "info":
		return zap.InfoLevel, nil
	case "warn":
		return zap.WarnLevel, nil
	case "error":
		return zap.ErrorLevel, nil
	}
	return 0, problem(console.Usage, "log level %q is not known; use debug, info, warn or error", name)
}

// newLog writes JSON, one event a line, or what a person reads more easily
// when standard error is a screen.
func (a *app) newLog(s logSettings) (log *zap.Logger, closeLog func(), err error) {
	level, err := logLevel(s.Level)
	if err != nil {
		return nil, nil, err
	}
	enc := zap.NewProductionEncoderConfig()
	enc.TimeKey, enc.EncodeTime = "at", zapcore.RFC3339NanoTimeEncoder
	encoder := zapcore.NewJSONEncoder(enc)
	to, closeFile := zapcore.AddSync(a.std.err), func() {}
	if s.File != "" {
		f, err := os.OpenFile(s.File, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, nil, fileProblem(err)
		}
		to, closeFile = f, func() { _ = f.Close() } // the log was its only user
	} else if a.std.errIsScreen {
		enc.EncodeTime = zapcore.TimeEncoderOfLayout("15:04:05.000")
		encoder = zapcore.NewConsoleEncoder(enc)
	}
	log = zap.New(zapcore.NewCore(encoder, zapcore.Lock(to), level))
	return log, func() { _ = log.Sync(); closeFile() }, nil // a terminal cannot be synced
}
