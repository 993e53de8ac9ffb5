// The judge of our expressions: Argo's own code, asked each question of cases.json; its answers go to answers.json.
//
//	TZ=UTC go run .
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strings"

	"github.com/Knetic/govaluate"
	exprenv "github.com/argoproj/argo-workflows/v3/util/expr/env"
	"github.com/argoproj/argo-workflows/v3/util/template"
	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/parser"
)

// Question is one text; In names an environment, Strict the prefixes that must have a value. (What else stands there is
// for our side: "differs" says why ours is deliberately another, "ours" what it is.)
type Question struct {
	Text   string    `json:"text"`
	In     string    `json:"in,omitempty"`
	Strict *[]string `json:"strict,omitempty"`
}

// UnmarshalJSON takes a plain string for a question of the common environment.
func (q *Question) UnmarshalJSON(data []byte) error {
	if data[0] == '"' {
		return json.Unmarshal(data, &q.Text)
	}
	type plain Question
	return json.Unmarshal(data, (*plain)(q))
}

// Answer is a value as text, or what kind of error there was and what it said.
type Answer struct {
	Text  string  `json:"text"`
	Value *string `json:"value,omitempty"`
	Type  string  `json:"type,omitempty"`
	Kind  string  `json:"kind,omitempty"`
	Error string  `json:"error,omitempty"`
}

type Groups map[string][]Question

type Cases struct {
	Environments map[string]map[string]any `json:"environments"`
	Expressions  Groups                    `json:"expressions"`
	Whens        Groups                    `json:"whens"`
	Tags         Groups                    `json:"tags"`
}

func failed(text, kind string, err any) Answer {
	return Answer{Text: text, Kind: kind, Error: strings.SplitN(fmt.Sprint(err), "\n", 2)[0]}
}

func (cases Cases) expression(question Question) (answer Answer) {
	text := question.Text
	defer func() {
		if recovered := recover(); recovered != nil {
			answer = failed(text, "run", recovered)
		}
	}()
	if _, err := parser.Parse(text); err != nil {
		return failed(text, "parse", err)
	}
	env := exprenv.GetFuncMap(cases.environment(question))
	program, err := expr.Compile(text, expr.Env(env))
	if err != nil {
		return failed(text, "check", err)
	}
	value, err := expr.Run(program, env)
	if err != nil {
		return failed(text, "run", err)
	}
	answer = Answer{Text: text, Type: fmt.Sprintf("%T", value)}
	written, isText := value.(string)
	if !isText {
		marshalled, err := json.Marshal(value)
		if err != nil {
			return failed(text, "json", err)
		}
		written = string(marshalled)
	}
	answer.Value = short(written)
	return answer
}

// short keeps the answers small: of a long value its length and its beginning.
func short(value string) *string {
	if len(value) > 1000 {
		value = fmt.Sprintf("%d bytes, %s", len(value), value[:40])
	}
	return &value
}

// when asks govaluate as the controller does: a bare word is a text.
func when(question Question) (answer Answer) {
	text := question.Text
	defer func() {
		if recovered := recover(); recovered != nil {
			answer = failed(text, "panic", recovered)
		}
	}()
	expression, err := govaluate.NewEvaluableExpression(text)
	if err != nil {
		return failed(text, "parse", err)
	}
	tokens := expression.Tokens()
	for i := range tokens {
		if tokens[i].Kind == govaluate.VARIABLE {
			tokens[i].Kind = govaluate.STRING
		}
	}
	if expression, err = govaluate.NewEvaluableExpressionFromTokens(tokens); err != nil {
		return failed(text, "parse", err)
	}
	value, err := expression.Evaluate(nil)
	if err != nil {
		return failed(text, "run", err)
	}
	written := fmt.Sprint(value)
	if _, isBool := value.(bool); !isBool {
		return failed(text, "boolean", written)
	}
	return Answer{Text: text, Value: &written}
}

func (cases Cases) tag(question Question) Answer {
	text := question.Text
	document, err := json.Marshal(map[string]string{"value": text})
	if err != nil {
		return failed(text, "marshal", err)
	}
	values := cases.environment(question)
	var replaced string
	if question.Strict == nil {
		replaced, err = template.Replace(string(document), values, true)
	} else {
		replaced, err = template.ReplaceStrictAny(string(document), values, *question.Strict)
	}
	if err != nil {
		return failed(text, "replace", err)
	}
	var found map[string]string
	if err := json.Unmarshal([]byte(replaced), &found); err != nil {
		return failed(text, "unmarshal", err)
	}
	value := found["value"]
	return Answer{Text: text, Value: &value}
}

func (cases Cases) environment(question Question) map[string]any {
	name := question.In
	if name == "" {
		name = "common"
	}
	copied := map[string]any{}
	for key, value := range cases.Environments[name] {
		copied[key] = value
	}
	return copied
}

func ask(groups Groups, answer func(Question) Answer) map[string][]Answer {
	found := map[string][]Answer{}
	names := make([]string, 0, len(groups))
	for name := range groups {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		for _, question := range groups[name] {
			found[name] = append(found[name], answer(question))
		}
	}
	return found
}

func main() {
	source, err := os.ReadFile("cases.json")
	if err != nil {
		panic(err)
	}
	var cases Cases
	if err := json.Unmarshal(source, &cases); err != nil {
		panic(err)
	}
	buffer := &bytes.Buffer{}
	encoder := json.NewEncoder(buffer)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(map[string]any{
		"expressions": ask(cases.Expressions, cases.expression),
		"whens":       ask(cases.Whens, when),
		"tags":        ask(cases.Tags, cases.tag),
	}); err != nil {
		panic(err)
	}
	if err := os.WriteFile("answers.json", buffer.Bytes(), 0o644); err != nil {
		panic(err)
	}
}
