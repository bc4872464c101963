internal import Datastore
internal import JSON
internal import Resources

/// `get --watch`: what is there, then each change, until the command is stopped.
struct Watching: Sendable {
    let store: any Datastore
    let query: Query
    let format: OutputFormat

    func run(on console: Console) async throws {
        var last = try await showAll(on: console)
        while !Task.isCancelled {
            do {
                for try await events in store.watch(query.types, from: last) {
                    for event in events { show(event, on: console) }
                    last = events.last?.revision ?? last
                }
                return
            } catch let error as DatastoreError {
                guard case .compacted = error else { throw error }
                console.complainLine("Error: \(error); beginning again")
                last = try await showAll(on: console)
            }
        }
    }

    /// Shows what there is and returns its revision.
    private func showAll(on console: Console) async throws(DatastoreError) -> Revision {
        let picture = try await query.picture(of: store)
        for listing in picture.listings {
            switch format {
            case .table, .columns: console.write(rows(listing, "ADDED", withHeadings: true))
            default: for item in listing.items { console.write(document("ADDED", item)) }
            }
        }
        return picture.revision
    }

    private func show(_ event: Event, on console: Console) {
        let change =
            switch event.change {
            case .added: "ADDED"
            case .modified: "MODIFIED"
            case .deleted: "DELETED"
            }
        for object in query.shown(event.resource) {
            for wanted in query.wanted
            where wanted.kind.type == object.type && query.isWanted(object, by: wanted) {
                let listing = Listing(
                    kind: wanted.kind,
                    items: [query.exported(object)],
                    revision: event.revision.description,
                    isSingle: true,
                    showsNamespace: query.namespace == nil
                )
                switch format {
                case .table, .columns:
                    console.write(rows(listing, change, withHeadings: false))
                default: console.write(document(change, query.exported(object)))
                }
            }
        }
    }

    /// Rows with the change before them, so that a deletion can be told.
    private func rows(_ listing: Listing, _ change: String, withHeadings: Bool) -> String {
        let plain = format.table(listing)
        var table = TextTable(["EVENT   "] + plain.headings)
        table.rows = plain.rows.map { [change] + $0 }
        return table.text(withHeadings: withHeadings)
    }

    /// The object in the formats that are no tables; nothing for those that are.
    private func document(_ change: String, _ object: Resource) -> String {
        switch format {
        case .json:
            let event: JSONValue = ["type": .string(change), "object": object.value]
            return event.text() + "\n"
        case .yaml: return "--- # \(change)\n" + object.value.yaml
        case .name: return "\(change) \(OutputFormat.name(object))\n"
        case .table, .columns: return ""
        }
    }
}
