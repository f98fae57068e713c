<%@ page contentType="text/plain; charset=UTF-8" trimDirectiveWhitespaces="true" %>
It works: <%= application.getServerInfo() %> on Java <%= System.getProperty("java.version") %>, for <%= request.getRemoteAddr() %>
