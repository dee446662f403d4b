"""How the services of each area are joined: one module an area (images, networks, volumes, containers, system).

main calls them in order.  Each has

    STEPS                      the schema steps of its tables                   (where it has any)
    PRELOAD                    modules that the zygote imports for its jobs     (where it has any)
    build(core, ...)           -> a frozen dataclass of its services; nothing is done but constructing
    routes(services, ...)      -> its routes
    async restore(services)    what is done once at start-up, before clients are heard
"""
