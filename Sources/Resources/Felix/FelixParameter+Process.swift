// Inventory §10: parameters of the process: datastore, logs, health, metrics.

extension FelixParameter {
    static let process: [FelixParameter] = [
        // Datastore connection
        FelixParameter(local: "DatastoreType", .words(["etcdv3", "kubernetes"]), "etcdv3"),
        FelixParameter(local: "EtcdAddr", .text(.hostAndPort), "127.0.0.1:2379"),
        FelixParameter(local: "EtcdCaFile", .text(.any), ""),
        FelixParameter(local: "EtcdCertFile", .text(.any), ""),
        FelixParameter(local: "EtcdEndpoints", .texts(.any), ""),
        FelixParameter(local: "EtcdKeyFile", .text(.any), ""),
        FelixParameter(local: "EtcdScheme", .words(["http", "https"]), "http"),
        FelixParameter(local: "FelixHostname", .text(.hostName), ""),
        FelixParameter(local: "TyphaAddr", .text(.hostAndPort), ""),
        FelixParameter(local: "TyphaCAFile", .text(.any), ""),
        FelixParameter(local: "TyphaCN", .text(.any), ""),
        FelixParameter(local: "TyphaCertFile", .text(.any), ""),
        FelixParameter(local: "TyphaK8sNamespace", .text(.any), "kube-system"),
        FelixParameter(local: "TyphaK8sServiceName", .text(.any), ""),
        FelixParameter(local: "TyphaKeyFile", .text(.any), ""),
        FelixParameter(local: "TyphaReadTimeout", .duration, "30"),
        FelixParameter(local: "TyphaURISAN", .text(.any), ""),
        FelixParameter(local: "TyphaWriteTimeout", .duration, "10"),
        // Process: Feature detection/overrides
        FelixParameter("featureDetectOverride", .text(.featureOverrides), ""),
        FelixParameter("featureGates", .text(.featureGates), ""),
        // Process: Go runtime
        FelixParameter("goGCThreshold", .integer(-1...Int64.max), "40"),
        FelixParameter("goMaxProcs", .integer(-1...Int64.max), "-1"),
        FelixParameter("goMemoryLimitMB", .integer(-1...Int64.max), "-1"),
        // Process: Health port and timeouts
        FelixParameter("healthEnabled", .bool, "false"),
        FelixParameter("healthHost", .text(.any), "localhost"),
        FelixParameter("healthPort", .integer(0...65535), "9099"),
        FelixParameter("healthTimeoutOverrides", .timeouts, ""),
        // Process: Logging
        FelixParameter("logActionRateLimit", .text(.logRate), ""),
        FelixParameter("logActionRateLimitBurst", .integer(0...Int64.max), "5"),
        FelixParameter("logDebugFilenameRegex", .text(.regularExpression), ""),
        FelixParameter("logFilePath", .text(.any), "/var/log/calico/felix.log"),
        FelixParameter("logPrefix", .text(.logPrefix), "calico-packet"),
        FelixParameter(
            "logSeverityFile",
            .words(["Debug", "Error", "Fatal", "Info", "Trace", "Warning"]),
            "Info"
        ),
        FelixParameter(
            "logSeverityScreen",
            .words(["Debug", "Error", "Fatal", "Info", "Trace", "Warning"]),
            "Info"
        ),
        FelixParameter(
            "logSeveritySys",
            .words(["Debug", "Error", "Fatal", "Info", "Trace", "Warning"]),
            "Info"
        ),
        // Process: Prometheus metrics
        FelixParameter("prometheusGoMetricsEnabled", .bool, "true"),
        FelixParameter("prometheusMetricsCAFile", .text(.any), ""),
        FelixParameter("prometheusMetricsCertFile", .text(.any), ""),
        FelixParameter(
            "prometheusMetricsClientAuth",
            .exactWords([
                "NoClientCert", "RequireAndVerifyClientCert", "RequireAnyClientCert",
                "VerifyClientCertIfGiven",
            ]),
            "NoClientCert"
        ),
        FelixParameter("prometheusMetricsEnabled", .bool, "false"),
        FelixParameter("prometheusMetricsHost", .text(.metricsHost), ""),
        FelixParameter("prometheusMetricsKeyFile", .text(.any), ""),
        FelixParameter("prometheusMetricsPort", .integer(0...65535), "9091"),
        FelixParameter("prometheusProcessMetricsEnabled", .bool, "true"),
        FelixParameter("prometheusWireGuardMetricsEnabled", .bool, "true"),
    ]
}
