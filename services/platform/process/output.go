package process

import (
	"context"
	"io"
	"os"
)

type outputKey struct{}

func withOutput(ctx context.Context, stdout io.Writer) context.Context {
	return context.WithValue(ctx, outputKey{}, stdout)
}

// Output is where a task writes its result: the stdout that Run was given, the process's own where there was no Run.
func Output(ctx context.Context) io.Writer {
	if stdout, ok := ctx.Value(outputKey{}).(io.Writer); ok {
		return stdout
	}
	return os.Stdout
}
