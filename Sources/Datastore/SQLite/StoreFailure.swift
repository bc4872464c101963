internal import GRDB
internal import Glibc

/// What a failure of SQLite or of the file means to a person.
enum StoreFailure {
    static func reason(_ error: any Error) -> String {
        switch error {
        case let error as DatabaseError: reason(error)
        case let error as ForeignFile: error.reason
        case let error as MissingFile: error.description
        case let error as DirectoryFailure: error.description
        default: "\(error)"
        }
    }

    /// Whether another connection has the lock.
    static func isBusy(_ error: any Error) -> Bool {
        (error as? DatabaseError)?.resultCode == .SQLITE_BUSY
    }

    /// Whether the connections are worth nothing any more, so that the next operation opens the
    /// file again.
    static func needsReopening(_ error: any Error) -> Bool {
        guard let error = error as? DatabaseError else { return false }
        return switch error.resultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_IOERR, .SQLITE_CANTOPEN, .SQLITE_READONLY:
            true
        // SQLITE_ERROR and SCHEMA: tables vanished under us when another file was copied over.
        case .SQLITE_ERROR, .SQLITE_SCHEMA, .SQLITE_MISUSE: true
        default: false
        }
    }

    private static func reason(_ error: DatabaseError) -> String {
        switch error.resultCode {
        case .SQLITE_BUSY, .SQLITE_LOCKED: "it stays locked by another process"
        case .SQLITE_FULL: "the disk is full"
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: "it is damaged: \(text(error))"
        case .SQLITE_CANTOPEN: "it cannot be opened: \(text(error))"
        case .SQLITE_READONLY, .SQLITE_PERM: "it cannot be written: \(text(error))"
        default: "\(text(error)) (SQLite error \(error.extendedResultCode.rawValue))"
        }
    }

    private static func text(_ error: DatabaseError) -> String {
        error.message ?? "no further reason"
    }
}

/// No file is at the path.
struct MissingFile: Error, CustomStringConvertible {
    /// It was there before.
    let wasOpen: Bool

    var description: String {
        wasOpen ? "the file was removed" : "there is no such file"
    }
}

/// The directory of a new store could not be made.
struct DirectoryFailure: Error, CustomStringConvertible {
    let directory: String
    let code: Int32

    var description: String {
        "cannot make the directory \(directory): \(String(cString: strerror(code)))"
    }
}

/// Which file is at a path, whatever its name.
struct FileIdentity: Hashable, Sendable {
    let device: UInt64
    let inode: UInt64

    init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
    }

    /// Makes every missing directory above `path`.
    static func makeDirectory(of path: String) throws(DirectoryFailure) {
        guard let end = path.lastIndex(of: "/"), end != path.startIndex else { return }
        let directory = String(path[..<end])
        guard FileIdentity(directory) == nil else { return }
        try makeDirectory(of: directory)
        guard mkdir(directory, 0o755) == 0 || errno == EEXIST
        else { throw DirectoryFailure(directory: directory, code: errno) }
    }
}
