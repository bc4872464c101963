import JSON
import Testing

@testable import CLI

/// Examples in the manner of the appendices of RFC 6902 and RFC 7386.
struct JSONPatchTests {
    @Test(arguments: [
        (#"{"a":1}"#, #"[{"op":"add","path":"/b","value":2}]"#, #"{"a":1,"b":2}"#),
        (#"{"a":[1,3]}"#, #"[{"op":"add","path":"/a/1","value":2}]"#, #"{"a":[1,2,3]}"#),
        (#"{"a":[1]}"#, #"[{"op":"add","path":"/a/-","value":[2]}]"#, #"{"a":[1,[2]]}"#),
        (#"{"a":1}"#, #"[{"op":"add","path":"","value":[]}]"#, "[]"),
        (#"{"a":1,"b":2}"#, #"[{"op":"remove","path":"/a"}]"#, #"{"b":2}"#),
        (#"[1,2,3]"#, #"[{"op":"remove","path":"/1"}]"#, "[1,3]"),
        (
            #"{"a":{"b":1}}"#, #"[{"op":"replace","path":"/a/b","value":null}]"#,
            #"{"a":{"b":null}}"#
        ),
        (
            #"{"a":{"x":1},"b":{}}"#, #"[{"op":"move","from":"/a/x","path":"/b/y"}]"#,
            #"{"a":{},"b":{"y":1}}"#
        ),
        (#"[1,2,3]"#, #"[{"op":"move","from":"/0","path":"/2"}]"#, "[2,3,1]"),
        (#"{"a":[1]}"#, #"[{"op":"copy","from":"/a","path":"/b"}]"#, #"{"a":[1],"b":[1]}"#),
        (
            #"{"a/b":1,"m~n":2}"#,
            #"[{"op":"test","path":"/a~1b","value":1},{"op":"remove","path":"/m~0n"}]"#,
            #"{"a/b":1}"#
        ),
        (#"{"":{"":1}}"#, #"[{"op":"replace","path":"//","value":2}]"#, #"{"":{"":2}}"#),
    ])
    func patches(_ document: String, _ patch: String, _ result: String) throws {
        let patch = try JSONPatch(JSONValue(parsing: patch))
        #expect(try JSONValue(parsing: document).patched(patch) == JSONValue(parsing: result))
    }

    @Test(arguments: [
        (#"{"a":1}"#, #"[{"op":"remove","path":"/b"}]"#, "there is nothing at '/b'"),
        (#"{"a":1}"#, #"[{"op":"replace","path":"/b","value":1}]"#, "there is nothing at '/b'"),
        (#"{"a":1}"#, #"[{"op":"add","path":"/b/c","value":1}]"#, "there is nothing at '/b/c'"),
        (#"[1]"#, #"[{"op":"add","path":"/2","value":1}]"#, "there is nothing at '/2'"),
        (#"[1]"#, #"[{"op":"remove","path":"/01"}]"#, "there is nothing at '/01'"),
        (#"[1]"#, #"[{"op":"remove","path":"/-"}]"#, "there is nothing at '/-'"),
        (
            #"{"a":1}"#, #"[{"op":"test","path":"/a","value":2}]"#,
            "the test of '/a' failed: it is 1"
        ),
        (
            #"{"a":{}}"#, #"[{"op":"move","from":"/a","path":"/a/b"}]"#,
            "'/a' cannot move into itself"
        ),
        (#"{}"#, #"[{"op":"remove","path":"a"}]"#, "the path 'a' does not begin with '/'"),
        (#"{}"#, #"[{"op":"twist","path":"/a"}]"#, "unknown operation 'twist'"),
        (#"{}"#, #"[{"op":"add","path":"/a"}]"#, "operation 'add' has no 'value'"),
        (#"{}"#, #"[{"op":"copy","path":"/a"}]"#, "operation 'copy' has no 'from'"),
    ])
    func refusals(_ document: String, _ patch: String, _ reason: String) throws {
        let document = try JSONValue(parsing: document)
        let patch = try JSONValue(parsing: patch)
        #expect(throws: PatchError(reason: reason)) { try document.patched(JSONPatch(patch)) }
    }

    @Test(arguments: [
        (#"{"a":"b"}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
        (#"{"a":"b"}"#, #"{"b":"c"}"#, #"{"a":"b","b":"c"}"#),
        (#"{"a":"b"}"#, #"{"a":null}"#, "{}"),
        (#"{"a":"b","b":"c"}"#, #"{"a":null}"#, #"{"b":"c"}"#),
        (#"{"a":["b"]}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
        (#"{"a":"c"}"#, #"{"a":["b"]}"#, #"{"a":["b"]}"#),
        (#"{"a":{"b":"c"}}"#, #"{"a":{"b":"d","c":null}}"#, #"{"a":{"b":"d"}}"#),
        (#"{"a":[{"b":"c"}]}"#, #"{"a":[1]}"#, #"{"a":[1]}"#),
        (#"["a","b"]"#, #"["c","d"]"#, #"["c","d"]"#),
        (#"{"a":"b"}"#, #"["c"]"#, #"["c"]"#), (#"{"a":"foo"}"#, "null", "null"),
        (#"{"e":null}"#, #"{"a":1}"#, #"{"e":null,"a":1}"#),
        ("[1,2]", #"{"a":"b","c":null}"#, #"{"a":"b"}"#),
        ("{}", #"{"a":{"bb":{"ccc":null}}}"#, #"{"a":{"bb":{}}}"#),
    ])
    func merges(_ document: String, _ patch: String, _ result: String) throws {
        let merged = try JSONValue(parsing: document).merged(with: JSONValue(parsing: patch))
        #expect(merged == (try JSONValue(parsing: result)))
    }
}

struct FieldPathTests {
    @Test(arguments: [
        (".a.b", "1"), ("a.b", "1"), ("{.a.b}", "1"), ("$.a.b", "1"), (".list[*].x", "1,2"),
        (".list[0].x", "1"), (".list[-1].x", "2"), (".list[9]", "<none>"), (".keys['a.b/c']", "v"),
        (".missing.x", "<none>"), (".a", #"{"b":1}"#), (".list[*].missing", "<none>"),
        (".keys.*", "v"),
    ])
    func picks(_ path: String, _ text: String) throws {
        let document = #"{"a":{"b":1},"list":[{"x":1},{"x":2}],"keys":{"a.b/c":"v"}}"#
        let path = try #require(FieldPath(path))
        #expect(path.text(in: try JSONValue(parsing: document)) == text)
    }

    @Test(arguments: [".a..b", ".a[", ".a[x]", ".", ".a[0]b["])
    func refuses(_ path: String) {
        #expect(FieldPath(path) == nil)
    }
}
