// Shows openapi.json of this host in Swagger UI.
window.ui = SwaggerUIBundle({ url: "/api/v1/openapi.json", dom_id: "#swagger-ui", deepLinking: true, docExpansion: "none" });
