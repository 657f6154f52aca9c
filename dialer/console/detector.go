package console

import "net/http"

func (a *api) explainRecord(r *http.Request) (any, error) {
	return a.svc.ExplainCall(r.PathValue("record"))
}

func (a *api) labelledCalls(*http.Request) (any, error) { return a.svc.LabelledCalls() }

func (a *api) sampledCalls(*http.Request) (any, error) { return a.svc.SampledCalls() }
